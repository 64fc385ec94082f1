import Glibc
public import Learning
public import Tabular

/// One operation of an order whose minutes are wanted.
public struct OperationRequest: Hashable, Sendable {
  /// The item and what is done.
  public var item, job: String
  /// How often that job came before in the order, and the operation's place in it, from 0.
  public var occurrence, position: Int
  /// The machine or work centre; `nil` when it is not known.
  public var resource: String?
  /// Pieces; `nil`: as many as usual.
  public var quantity: Double?
  /// When the order starts, in seconds since 1970; `nil`: when the version's knowledge ends.
  public var startsAt: Double?

  /// Makes a request.
  public init(
    item: String, job: String, occurrence: Int = 0, position: Int = 0, resource: String? = nil, quantity: Double? = nil,
    startsAt: Double? = nil
  ) {
    self.item = item
    self.job = job
    self.occurrence = occurrence
    self.position = position
    self.resource = resource
    self.quantity = quantity
    self.startsAt = startsAt
  }
}

/// A trained model of minutes with all that it has to look up: what was known of operations when it was trained.
public struct MinutesRegressor: Sendable {
  /// The estimator that the model was fitted by, as settings call it.
  public let name: String
  /// Predicts the logarithm of run minutes over the reference from the columns of ``MinutesRows/features``.
  public let model: any Model
  /// Predicts set-up minutes, as ``MinutesTarget/setup`` has them; `nil`: the aggregation of results tells them better.
  public let setupModel: (any Model)?
  /// What the model looks operations up in.
  let state: MinutesState

  /// Makes a regressor of a model that was fitted on rows of the history that `state` was frozen from.
  public init(name: String, model: any Model, setupModel: (any Model)? = nil, state: MinutesState) {
    self.name = name
    self.model = model
    self.setupModel = setupModel
    self.state = state
  }

  /// Run minutes of each request, per piece or order as the basis says, and set-up minutes of the order where they are asked for and there is a
  /// model of them; NaN where nothing is known.
  ///
  /// - Parameters:
  ///   - items: The requested items with their features; `itemRows` has for each request the row of its item.
  ///   - alike: For each row of `items` the items like it, by their number in the evidence, most similar first.
  ///   - now: When orders start that do not say it, in seconds since 1970.
  func minutes(
    of requests: [OperationRequest], items: Frame, itemRows: [Int?], alike: [[(item: Int, similarity: Double)]],
    at now: Double, withSetups: Bool, threads: Int
  ) throws(LearningError) -> (run: [Double], setup: [Double]?) {
    let known = try state.look(requests, items: items, itemRows: itemRows, alike: alike, at: now)
    func found(_ target: MinutesTarget, _ model: any Model, _ reference: [Double]) throws(LearningError) -> [Double] {
      zip(try model.predict(known.features, threads: threads)[0], reference).map { target.minutes($0, of: $1) }
    }
    var setup: [Double]?
    if withSetups, let setupModel { setup = try found(.setup, setupModel, known.setupReference) }
    return (try found(.run, model, known.reference), setup)
  }

  /// The model file's bytes; see ``MinutesState`` for what stands beside the model.
  public func bytes() -> [UInt8] {
    var file = ModelWriter()
    file.add("name", json: [name])
    file.add("state") { state.write(to: &$0) }
    file.add("model", model: model)
    if let setupModel { file.add("setup", model: setupModel) }
    return file.bytes()
  }

  /// Reads a regressor of a version whose evidence has `items`.
  public init(from file: ModelReader, items: TextDictionary) throws(LearningError) {
    name = try file.json("name", [String].self).first ?? ""
    state = try MinutesState(from: file.part("state"), items: items)
    model = try Estimators.model("model", in: file)
    setupModel = file.has("setup.kind") ? try Estimators.model("setup", in: file) : nil
  }
}

/// What was known of all operations at one instant, to look up those that are still to be done.
public struct MinutesState: Sendable {
  private struct Header: Codable {
    var jobs, resources: [String]
    var features: [Feature]
    var groups: FeatureGroups
    var options: PredictionOptions
  }

  private let header: Header
  private let work: FrozenWork
  private let items: TextDictionary
  private let jobs, resources: [String: Int32]

  /// Freezes what was known; `work` has the items in the order of `items`.
  init(
    _ work: FrozenWork, items: TextDictionary, jobs: [String], resources: [String], features: [Feature],
    groups: FeatureGroups, options: PredictionOptions
  ) {
    self.init(
      Header(jobs: jobs, resources: resources, features: features, groups: groups, options: options), work, items)
  }

  private init(_ header: Header, _ work: FrozenWork, _ items: TextDictionary) {
    func numbers(_ texts: [String]) -> [String: Int32] {
      Dictionary(texts.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
    }
    self.header = header
    self.work = work
    self.items = items
    jobs = numbers(header.jobs)
    resources = numbers(header.resources)
  }

  /// What is known about each request (see ``MinutesRegressor``), with the references that minutes are relative to.
  func look(
    _ requests: [OperationRequest], items frame: Frame, itemRows: [Int?], alike: [[(item: Int, similarity: Double)]], at now: Double
  ) throws(LearningError) -> (features: FeatureTable, reference: [Double], setupReference: [Double]) {
    let columns = ItemColumns(header.features, in: frame)
    let groups = header.groups.numbers(of: columns, rows: itemRows)
    var work = work
    let known = zip(requests.indices, requests).map { place, request in
      let item = items.code(of: request.item)
      let job = jobs[request.job] ?? -1
      var query = MinutesQuery(
        item: item.map(Int.init) ?? -1, job: job, occurrence: Int32(clamping: request.occurrence),
        resource: request.resource.map { resources[$0] ?? .max } ?? -1, position: request.position, quantity: request.quantity ?? .nan,
        time: request.startsAt ?? now)
      if request.quantity == nil, let own = work.place(item: query.item, job: job, occurrence: query.occurrence) {
        query.quantity = exp(work.figures(own).logQuantity)
      }
      let others = (itemRows[place].map { alike[$0] } ?? []).lazy.filter { item.map(Int.init) != $0.item }.map {
        AlikeItem(item: Int32($0.item), similarity: Float($0.similarity))
      }
      let features = MinutesFeatures(
        query, alike: others, groups: WorkGroup.numbers(resource: query.resource) + groups[place], in: &work, options: header.options)
      return (query: query, features: features)
    }
    let table = MinutesTable(jobs: header.jobs, resources: header.resources, columns: columns)
    return (
      try table.features(known, itemRows: itemRows), known.map { exp($0.features.reference) }, known.map(\.features.setup)
    )
  }

  /// Adds what ``init(from:items:)`` reads.
  func write(to file: inout ModelWriter) {
    file.add("header", json: header)
    file.add("work") { work.write(to: &$0) }
  }

  /// Reads a state of a version whose evidence has `items`.
  init(from file: ModelReader, items: TextDictionary) throws(LearningError) {
    let header = try file.json("header", Header.self)
    let work = try FrozenWork(from: file.part("work"))
    guard work.itemCount == items.count, work.jobCount == header.jobs.count else {
      throw file.fault("it belongs to evidence of \(work.itemCount) items, this version has \(items.count)")
    }
    self.init(header, work, items)
  }
}
