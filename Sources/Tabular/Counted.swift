/// A number of things, in words: `1 result`, `2 results`; `many` where the plural is not the singular and an s.
public func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String { "\(count) \(count == 1 ? one : many ?? one + "s")" }
