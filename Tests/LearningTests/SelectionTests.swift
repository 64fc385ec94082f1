import Foundation
import Learning
import Synchronization
import Tabular
import Testing

@Suite("Folds")
struct SplitTests {
  @Test("judge every row once and learn from all others", arguments: [Split.kFold(5), .grouped(5), .stratified(5)])
  func partition(split: Split) throws {
    let data = try madeRows(103)
    let folds = try split.folds(of: data, seed: 1)
    #expect(folds.count == 5 && folds.flatMap(\.test).sorted() == Array(0..<103))
    for fold in folds {
      #expect(Set(fold.training).union(fold.test) == Set(0..<103) && Set(fold.training).isDisjoint(with: fold.test))
      #expect((19...23).contains(fold.test.count))
    }
    #expect(try split.folds(of: data, seed: 1) == folds && split.folds(of: data, seed: 2) != folds)
  }

  @Test("keep the rows of a group on one side, however uneven the groups")
  func groups() throws {
    var random = SeededGenerator(seed: 8)
    let groups = (0..<500).map { _ in Int(Double(random.integer(below: 40)) * random.uniform()) }
    let data = try Dataset(features: try FeatureTable([], rowCount: 500), targets: [Array(repeating: 1, count: 500)], groups: groups)
    let folds = try Split.grouped(4).folds(of: data, seed: 3)
    for fold in folds { #expect(Set(fold.test.map { groups[$0] }).isDisjoint(with: fold.training.map { groups[$0] })) }
    #expect(folds.allSatisfy { (100...150).contains($0.test.count) })
  }

  @Test("deal small and large targets out evenly")
  func strata() throws {
    let data = try madeRows(300)
    let means = try Split.stratified(3).folds(of: data, seed: 1).map { fold in
      fold.test.reduce(0) { $0 + data.targets[0][$1] } / Double(fold.test.count)
    }
    #expect((means.max() ?? 0) - (means.min() ?? 0) < 0.5)
  }

  @Test("of time learn from what was known before a block's first row, rows of one instant together")
  func forward() throws {
    let times = (0..<100).map { Double($0 / 7) }
    let data = try Dataset(features: try FeatureTable([], rowCount: 100), targets: [Array(repeating: 1, count: 100)], times: times)
    for split in [Split.forward(5, since: nil), .forward(3, since: 4.5)] {
      let folds = try split.folds(of: data, seed: 1)
      for fold in folds {
        let start = try #require(fold.test.map { times[$0] }.min())
        #expect(fold.training == (0..<100).filter { times[$0] < start })
      }
      for (fold, next) in zip(folds, folds.dropFirst()) {
        #expect((fold.test.map { times[$0] }.max() ?? 0) < (next.test.map { times[$0] }.min() ?? 0))
      }
      #expect(folds.last?.test.last == 99)
    }
    #expect(try Split.forward(3, since: 4.5).folds(of: data, seed: 1).flatMap(\.test) == (0..<100).filter { times[$0] > 4.5 })
  }

  @Test("are refused with the reason when one would be empty")
  func refused() throws {
    let data = try madeRows(8)
    let plain = try Dataset(features: data.features, targets: data.targets)
    #expect(message { try Split.kFold(9).folds(of: data, seed: 1) } == "9 folds of 8 rows: use at most 8 folds")
    #expect(message { try Split.grouped(3).folds(of: data, seed: 1) } == "3 folds of 2 groups: use at most 2 folds")
    #expect(message { try Split.kFold(1).folds(of: data, seed: 1) } == "the number of folds must be an integer ≥ 2, got 1")
    #expect(message { try Split.grouped(2).folds(of: plain, seed: 1) }.hasPrefix("grouped folds need groups"))
    #expect(message { try Split.forward(2, since: nil).folds(of: plain, seed: 1) }.hasPrefix("forward blocks need times"))
    #expect(
      message { try Split.forward(2, since: 99).folds(of: data, seed: 1) }
        == "2 folds of 0 rows after the first block's start: there is too little to cut")
    #expect(message { try Split.forward(2, since: -1).folds(of: data, seed: 1) } == "no row is known before block 1 of 2")
    let same = try Dataset(features: data.features, targets: data.targets, times: Array(repeating: 1, count: 8))
    #expect(message { try Split.forward(2, since: nil).folds(of: same, seed: 1) } != "nothing was refused")
  }
}

@Suite("Comparing candidates")
struct CrossValidationTests {
  @Test("gives each row a prediction by a model that did not see it, the same on any number of threads")
  func outOfFold() throws {
    let data = try madeRows(200)
    let candidates: [any Estimator] = [try KNNRegressor(neighborCount: 1), try KNNRegressor(neighborCount: 9)]
    let one = try crossValidate(candidates, on: data, split: .grouped(4), in: FitContext(seed: 1, threads: 1))
    let two = try crossValidate(candidates, on: data, split: .grouped(4), in: FitContext(seed: 1, threads: 2))
    #expect(one.map(\.predictions) == two.map(\.predictions) && one.map(\.overall) == two.map(\.overall))
    // A nearest neighbour that had seen the row itself would be right to the bit.
    #expect(one[0].folds.count == 4 && one[0].overall.count == 200 && one[0].overall.mae > 0.05)
    let slow = ErrorSummary(actual: data.targets[0], predicted: one[0].predictions[0])
    #expect(abs(slow.mae - one[0].overall.mae) < 1e-12 && slow.trimMae < slow.rmse)
    let doubled = try crossValidate(candidates, on: data, split: .grouped(4), in: FitContext(seed: 1)) { _, value in 2 * value }
    #expect(abs(doubled[0].overall.mae - 2 * one[0].overall.mae) < 1e-9)
    let forward = try crossValidate(candidates, on: data, split: .forward(3, since: nil), in: FitContext(seed: 1))
    #expect(forward[0].predictions[0].count(where: \.isNaN) == 50)
  }

  @Test("ends when it is cancelled, at the first error, and says what is wrong with the candidates")
  func ends() throws {
    let data = try madeRows(200)
    #expect(message { try crossValidate([], on: data, split: .kFold(2), in: FitContext()) } == "there is no candidate to validate")
    let calls = Atomic<Int>(0)
    let context = FitContext(seed: 1, shouldStop: { calls.add(1, ordering: .relaxed).newValue > 3 })
    #expect(message { try crossValidate([KNNRegressor()], on: data, split: .kFold(10), in: context) } == "cancelled")
    let shares = Mutex<[Double]>([])
    let told = FitContext(seed: 1, progress: { share in shares.withLock { $0.append(share) } })
    _ = try crossValidate([KNNRegressor()], on: data, split: .kFold(10), in: told)
    let all = shares.withLock { $0 }
    #expect(all.last == 1 && all.count >= 10 && zip(all, all.dropFirst()).allSatisfy { $0 <= $1 })
  }

  @Test("finds which features matter")
  func importance() throws {
    let data = try madeRows(400)
    let model = try KNNRegressor(neighborCount: 3).fit(data, in: FitContext())
    let found = try permutationImportance(of: model, on: madeRows(200, seed: 6), repeats: 3, in: FitContext(seed: 2))
    #expect(found.map(\.feature).last == "second" && found[0].importance > 1)
    #expect(
      try permutationImportance(of: model, on: data, repeats: 1, in: FitContext(seed: 2, threads: 1)).map(\.importance)
        == permutationImportance(of: model, on: data, repeats: 1, in: FitContext(seed: 2)).map(\.importance))
  }
}

@Suite("A search for parameters")
struct SearchTests {
  private let space: [String: [PlainValue]] = ["neighbor_count": [1, 3, 5, 9, 20, 50], "weights": ["uniform", "distance"]]

  @Test("tries what it is told to: all, some, or ever fewer on ever more rows")
  func methods() throws {
    let data = try madeRows(900)
    let grid = try Search("knn", space: space).run(on: data, split: .kFold(3), in: FitContext(seed: 4))
    #expect(grid.count == 12 && Set(grid.map(\.values)).count == 12 && grid.allSatisfy { $0.folds.count == 3 && $0.share == 1 })
    let best = try #require(grid.min { $0.error < $1.error })
    #expect(best.error < (grid.map(\.error).max() ?? 0) / 2)
    let some = try Search("knn", space: space, method: .random(trials: 4)).run(on: data, split: .kFold(3), in: FitContext(seed: 4))
    #expect(
      some.count == 4 && Set(some.map(\.values)).count == 4
        && some.allSatisfy { trial in grid.contains { $0.values == trial.values && $0.error == trial.error } })
    let halving = try Search("knn", space: space, method: .halving(trials: 12)).run(on: data, split: .grouped(3), in: FitContext(seed: 4))
    #expect(halving.map(\.share).filter { $0 < 1 }.count == 12 && halving.filter { $0.share == 1 }.count == 4)
  }

  @Test("goes on where it was cut short, and ends when its time is over")
  func resumes() throws {
    let data = try madeRows(300)
    let search = try Search("knn", space: space)
    let whole = try search.run(on: data, split: .kFold(3), in: FitContext(seed: 4))
    var left = 5.0
    let part = try search.run(
      on: data, split: .kFold(3), in: FitContext(seed: 4),
      secondsLeft: {
        left -= 1; return left
      })
    #expect(part.count == 5)
    var made = 0
    #expect(try search.run(on: data, split: .kFold(3), in: FitContext(seed: 4), done: part, report: { _ in made += 1 }) == whole)
    #expect(made == 7)
    // Trials of anything else say nothing about this search, and are not believed.
    let others: [(Search, Dataset, Split, UInt64)] = [
      (search, try madeRows(301), .kFold(3), 4), (search, data, .kFold(4), 4), (search, data, .kFold(3), 5),
      (search, try Dataset(features: data.features, targets: [data.targets[0].map { $0 * 1000 }]), .kFold(3), 4),
    ]
    for (search, data, split, seed) in others {
      let words = message { try search.run(on: data, split: split, in: FitContext(seed: seed), done: part) }
      #expect(words.hasPrefix("trial 1 of 'done' was made of another estimator, other rows"))
    }
    #expect(try search.run(on: data, split: .kFold(3), in: FitContext(seed: 4), secondsLeft: { 0 }).count == 1)
  }

  @Test("refuses what it could not search")
  func refuses() {
    #expect(message { try Search("kn", space: space) } == "unknown estimator 'kn'; did you mean 'knn'?")
    #expect(message { try Search("knn", space: ["neighbors": [1]]) }.hasPrefix("unknown parameter 'neighbors' of knn"))
    #expect(message { try Search("knn", space: ["neighbor_count": [1, 0]]) }.hasPrefix("'neighbor_count' of knn must be"))
    #expect(message { try Search("knn", space: ["neighbor_count": []]) } == "'neighbor_count' has no values to search")
    #expect(message { try Search("knn", space: space, method: .random(trials: 0)) } == "the budget of trials must be an integer ≥ 1, got 0")
  }
}
