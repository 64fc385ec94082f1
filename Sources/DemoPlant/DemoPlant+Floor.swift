public import Tabular

/// The least error that any prediction of a plant's run minutes could have.
public struct PlantFloor: Hashable, Codable, Sendable {
  /// Results that were looked at.
  public var results: Int
  /// Mean absolute error a piece, and without the smallest and largest tenth of the errors, of a predictor that knows all but chance.
  public var mae, trimMae: Double
  /// The same for each job, by code.
  public var jobs: [Job]

  /// One job's floor.
  public struct Job: Hashable, Codable, Sendable {
    /// The job's code.
    public var job: String
    /// How many results it has.
    public var results: Int
    /// As for the whole.
    public var mae, trimMae: Double

    /// Makes a job's floor.
    public init(job: String, results: Int, mae: Double, trimMae: Double) {
      self.job = job
      self.results = results
      self.mae = mae
      self.trimMae = trimMae
    }
  }
}

extension DemoPlant {
  /// What a predictor would miss that knows the plant: item, job, machine, batch, practice and events of every result after `since` up
  /// to `until`, and predicts the median of what chance then does. The median has the least mean absolute error. O(results).
  ///
  /// Without results the errors are NaN.
  public func floor(since: Timestamp, until: Timestamp) -> PlantFloor {
    var errors = [[Double]](repeating: [], count: PlantJob.all.count)
    let (first, last) = (calendar.minutes(until: since), calendar.minutes(until: until))
    forEachResult { result in
      guard result.endedAt > first, result.endedAt <= last else { return }
      errors[result.job].append(abs(result.run / Double(result.good + result.bad) - result.median))
    }
    let jobs = PlantJob.all.indices.filter { !errors[$0].isEmpty }.map { number in
      PlantFloor.Job(
        job: PlantJob.all[number].code, results: errors[number].count, mae: Self.mean(errors[number]), trimMae: Self.trimmed(errors[number])
      )
    }
    let all = errors.flatMap { $0 }
    return PlantFloor(results: all.count, mae: Self.mean(all), trimMae: Self.trimmed(all), jobs: jobs)
  }

  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  private static func trimmed(_ values: [Double]) -> Double {
    let cut = values.count / 10
    return mean(Array(values.sorted().dropFirst(cut).dropLast(cut)))
  }
}
