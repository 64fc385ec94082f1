public import Tabular

/// What became of a sample's predictions when its actual results were held against them.
public struct Evaluation: Codable, Sendable {
  /// What run minutes are counted per.
  public var basis: Basis
  /// The results that were judged by.
  public var window: Window
  /// The sampled items, in the sample's order.
  public var items: [EvaluatedItem]
  /// One row for each operation of an order that completed in the window and whose operation was predicted: `item_code`, `order_no`,
  /// `job_code`, `occurrence`, `resource_code`, `in_house`, `completed_at`, `quantity`, `actual_minutes`, `predicted_minutes` (by
  /// ``basis``), `actual_setup`, `predicted_setup` (an order), `samples`, `outsourcing_replaced`.
  public var operations: Frame
  /// One row for each order that completed in the window: `item_code`, `order_no`, `quantity`, `actual_minutes`,
  /// `predicted_minutes`, both set-up and run of the whole order.
  public var orders: Frame
  /// Operations in the window that no error could be taken of, by reason.
  public var leftOut: [String: Int]
  /// Orders with results in the window whose minutes as a whole could not be compared, by reason.
  public var ordersLeftOut: [String: Int]
}

extension Evaluation {
  /// The evaluations of several blocks of items as one; they must be of one window and basis, and at least one.
  public static func joining(_ parts: [Evaluation]) throws -> Evaluation {
    precondition(!parts.isEmpty, "nothing to join")
    var whole = parts[0]
    whole.items = parts.flatMap(\.items)
    whole.operations = try Frame.concatenating(parts.map(\.operations))
    whole.orders = try Frame.concatenating(parts.map(\.orders))
    for part in parts.dropFirst() {
      whole.leftOut.merge(part.leftOut, uniquingKeysWith: +)
      whole.ordersLeftOut.merge(part.ordersLeftOut, uniquingKeysWith: +)
    }
    return whole
  }
}

/// One sampled item's evaluation.
public struct EvaluatedItem: Hashable, Codable, Sendable {
  /// The item.
  public var item: String
  /// Why it could not be evaluated; `nil` when it was.
  public var leftOut: String?
  /// Job codes of the actual routing: that of the latest order that completed in the window, or, when all its orders are still under
  /// way, what the latest has done so far.
  public var actual: [String]
  /// Whether all its orders are still under way: minutes are compared, but how the routing ends cannot be.
  public var isUnderWay: Bool
  /// Job codes of the predicted routing.
  public var predicted: [String]
  /// Aligned positions: index into `predicted` and index into `actual`.
  public var aligned: [Pair]
  /// The candidate, from 0, whose job codes are the actual ones; `nil` when none is.
  public var candidate: Int?
  /// Operations predicted as no longer outsourced that have results in the window.
  public var replacedOutsourcing: Int
  /// Those of them whose results are in-house.
  public var confirmedOutsourcing: Int

  /// Two positions that belong together.
  public struct Pair: Hashable, Codable, Sendable {
    /// Position in the predicted and in the actual routing.
    public var predicted, actual: Int
  }

  init(_ item: String, leftOut: String?) {
    self.item = item
    self.leftOut = leftOut
    (actual, predicted, aligned, isUnderWay) = ([], [], [], false)
    (replacedOutsourcing, confirmedOutsourcing) = (0, 0)
  }
}
