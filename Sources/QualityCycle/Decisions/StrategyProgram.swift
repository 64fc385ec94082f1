/// The program that a strategy runs in apart from this process, and the clock that it is watched by.
///
/// It gets one task on its standard input, asks for data and answers on its standard output, and inherits nothing else.
public struct StrategyProgram: Sendable {
  /// Path of the executable.
  public var executable: String
  /// What follows its name.
  public var arguments: [String]
  /// Seconds on a clock that nobody sets.
  public var uptimeSeconds: @Sendable () -> Double

  /// Makes a program.
  public init(executable: String, arguments: [String], uptimeSeconds: @escaping @Sendable () -> Double) {
    self.executable = executable
    self.arguments = arguments
    self.uptimeSeconds = uptimeSeconds
  }
}
