/// How many machines each job has, and what they are busy with.
///
/// A plant buys what its work needs: as many machines as are busy for 85 % of the working time in the busiest eighth of the plant's
/// life, and at least one.
struct PlantMachines: Sendable {
  /// Machines of each job, and the new ones that took over from them.
  private var counts: [Int]
  private var newCounts: [Int]

  private static let utilisation = 0.85

  /// One machine a job.
  init() {
    counts = Array(repeating: 1, count: PlantJob.all.count)
    newCounts = counts
  }

  /// How many machines do job `number`; `new` for those that an event brings.
  func count(_ number: Int, new: Bool = false) -> Int { new ? newCounts[number] : counts[number] }

  /// The orders that give the results `plant` should have, and the machines to work on them, from some orders made on trial.
  static func needed(by plant: DemoPlant) -> (orders: Int, machines: PlantMachines) {
    let (trials, spans) = (8000, 8)
    let minutes = PlantMinutes(plant.draw, plant.effects)
    let end = plant.calendar.minutes(until: plant.endsAt)
    var busy = Array(repeating: Array(repeating: 0.0, count: 2 * PlantJob.all.count), count: spans)
    var finished = 0
    for trial in 0..<trials {
      var order = PlantOrder(trial, of: trials, plant, minutes, end)
      while order.isUnderWay, order.clock < end {
        let step = order.step(plant, minutes)
        // How long an order waits is not known yet; a plant's orders wait for some hours.
        order.finish(step, at: order.clock + step.travel + (step.isOutsourced ? 0 : 240) + step.occupied(machineFactor: 1))
        guard order.clock < end else { break }
        finished += 1
        if !step.isOutsourced {
          busy[min(spans - 1, Int(order.clock / end * Double(spans)))][2 * step.job + (step.hasNewMachine ? 1 : 0)] +=
            step.occupied(machineFactor: 1)
        }
      }
    }
    let orders = max(1, (Double(plant.resultCount) * Double(trials) / Double(max(1, finished))).rounded())
    let scale = orders / Double(trials) / (utilisation * end / Double(spans))
    var machines = PlantMachines()
    for job in PlantJob.all.indices {
      func most(_ place: Int) -> Int { max(1, Int((scale * (busy.map { $0[place] }.max() ?? 0)).rounded(.up))) }
      machines.counts[job] = most(2 * job)
      machines.newCounts[job] = most(2 * job + 1)
    }
    return (Int(orders), machines)
  }
}

/// When each machine of a plant is free again, in working minutes from the plant's first day.
struct MachineQueues {
  private var free: [[Double]]

  /// For how long an order rather waits for the machine it is set up for than go to another.
  private static let patience = 480.0

  init(_ machines: PlantMachines) {
    free = PlantJob.all.indices.flatMap { job in
      [false, true].map { Array(repeating: 0.0, count: machines.count(job, new: $0)) }
    }
  }

  /// The machine for a step whose order can be there at `arrival`, first come, first served: its number, below zero a new one's, and
  /// when it is free.
  func machine(for step: PlantStep, arrival: Double) -> (number: Int, start: Double) {
    let free = free[Self.row(step)]
    var machine = step.usualMachine
    if !step.prefersUsual || free[machine] > arrival + Self.patience {
      for other in free.indices where free[other] < free[machine] { machine = other }
    }
    return (step.hasNewMachine ? -machine - 1 : machine, max(arrival, free[machine]))
  }

  /// Keeps machine `number` busy with a step until `end`.
  mutating func occupy(_ number: Int, with step: PlantStep, until end: Double) {
    free[Self.row(step)][number < 0 ? -number - 1 : number] = end
  }

  private static func row(_ step: PlantStep) -> Int { 2 * step.job + (step.hasNewMachine ? 1 : 0) }
}
