extension Double {
  /// The number as messages show it: a NaN without its sign, which means nothing and differs from CPU to CPU.
  public var shown: String { isNaN ? "nan" : description }
}

/// A number of things, in words: `1 result`, `2 results`; `many` where the plural is not the singular and an s.
public func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String { "\(count) \(count == 1 ? one : many ?? one + "s")" }
