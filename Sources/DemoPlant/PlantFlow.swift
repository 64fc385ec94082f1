/// The plant at work: orders are released, wait for a machine, are worked on and go on to the next. Results leave in order of time.
///
/// Machines are given out in the order in which orders arrive at them, over the whole plant, so what comes later never pushes before.
struct PlantFlow {
  private let plant: DemoPlant
  private let minutes: PlantMinutes
  /// The last working minute.
  private let end: Double
  private var queues: MachineQueues
  private var number = 0
  private var released: PlantOrder?
  private var underWay = MinHeap<PlantOrder>()
  private var ended = MinHeap<PlantResult>()

  init(_ plant: DemoPlant) {
    self.plant = plant
    minutes = PlantMinutes(plant.draw, plant.effects)
    end = plant.calendar.minutes(until: plant.endsAt)
    queues = MachineQueues(plant.machines)
    release()
  }

  /// The next result before the plant's end, in order of completion.
  mutating func next() -> PlantResult? {
    while true {
      let upcoming = min(released?.clock ?? .infinity, underWay.first?.clock ?? .infinity)
      // An operation ends after its order has come to it, so all that ended by now is final.
      if let first = ended.first, first.endedAt <= upcoming { return ended.removeFirst() }
      guard upcoming < end else { return ended.first == nil ? nil : ended.removeFirst() }
      if let order = released, !(underWay.first.map { $0 < order } ?? false) {
        release()
        work(on: order)
      } else {
        work(on: underWay.removeFirst())
      }
    }
  }

  private mutating func release() {
    released = number < plant.orderCount ? PlantOrder(number, of: plant.orderCount, plant, minutes, end) : nil
    number += 1
  }

  private mutating func work(on order: PlantOrder) {
    var order = order
    let step = order.step(plant, minutes)
    let arrival = order.clock + step.travel
    var (machine, start, factor) = (0, arrival, 1.0)
    if !step.isOutsourced {
      (machine, start) = queues.machine(for: step, arrival: arrival)
      factor = minutes.machineFactor(step.job, machine)
    }
    let endedAt = start + step.occupied(machineFactor: factor)
    if !step.isOutsourced { queues.occupy(machine, with: step, until: endedAt) }
    if endedAt < end {
      ended.insert(
        PlantResult(
          order: order.number, operation: order.position, item: order.item.number, job: step.job, machine: machine,
          inHouse: !step.isOutsourced, endedAt: endedAt, setup: step.setup, run: step.reported(machineFactor: factor),
          wait: ((start - order.clock) * 10).rounded() / 10, median: step.median * factor, good: step.pieces - step.bad, bad: step.bad))
    }
    order.finish(step, at: endedAt)
    if order.isUnderWay { underWay.insert(order) }
  }
}

/// One result before it is written out.
struct PlantResult: Comparable, Sendable {
  var order: Int
  var operation: Int
  var item: Int
  var job: Int
  /// The machine; below zero a new one.
  var machine: Int
  var inHouse: Bool
  /// Working minutes from the plant's first day.
  var endedAt: Double
  var setup, run, wait: Double
  /// The median of the run minutes a piece, given all that could be known before: everything but noise and gross errors.
  var median: Double
  var good, bad: Int

  static func < (left: PlantResult, right: PlantResult) -> Bool {
    (left.endedAt, left.order, left.operation) < (right.endedAt, right.order, right.operation)
  }
}
