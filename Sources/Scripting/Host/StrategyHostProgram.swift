import LuaBridge
import Processes
import QualityCycle
import Tabular

/// The program that one decision is made in, apart from Lathe: reads a task, runs the strategy, answers.
///
/// It opens nothing. What the strategy reads it asks the host for, and the host believes nothing of what it sends.
public enum StrategyHostProgram {
  /// The first word of a command line that means this program.
  public static let word = "script-host"

  /// Reads a task from standard input and decides; returns the exit code: 0, or 1 when no task came.
  public static func run() -> Int32 {
    OwnProcess.giveUpPrivileges()
    OwnProcess.endAtCrashes()
    guard let channel = HostChannel() else { return 1 }
    let source = ForwardedSource(channel: channel)
    do throws(HostFault) {
      let packet = try channel.receive()
      guard packet.kind == .task else { return 1 }
      var reader = BlockReader(packet.content)
      let task = try reader.task { field, column in try source.column(column, of: field) }
      switch task.kind {
      case .sampling: answer(task, as: SamplingAnswer.self, channel, source)
      case .trigger: answer(task, as: TriggerAnswer.self, channel, source)
      case .comparison: answer(task, as: ComparisonAnswer.self, channel, source)
      }
      return 0
    } catch { return 1 }
  }

  private static func answer<Answer: StrategyAnswer>(
    _ task: StrategyTask, as type: Answer.Type, _ channel: HostChannel, _ source: ForwardedSource
  ) {
    let log = ScriptLog { level, message, fields in
      var line: [String: PlainValue] = ["level": .text(level.rawValue), "message": .text(cut(message))]
      if let fields { line["fields"] = fields }
      var writer = BlockWriter()
      writer.plain(.map(line))
      if writer.bytes.count > HostPacket.Kind.log.byteLimit {
        line["fields"] = .text("more than \(HostPacket.Kind.log.byteLimit) bytes of fields are left out")
        writer = BlockWriter()
        writer.plain(.map(line))
      }
      channel.send(.log, writer.bytes)
    }
    var printed = 0
    let means = StrategyMeans(
      data: FactoryData(source, limit: task.asOf), log: log,
      print: { line in
        printed += 1
        // The host tells that there were too many when the first one of these comes.
        if printed <= StrategyProcess.lineLimit + 1 { channel.send(.print, Array(cut(line).utf8)) }
      })
    var writer = BlockWriter()
    do throws(LuaError) {
      writer.plain(try task.answer(as: type, with: means).plain)
      if writer.bytes.count <= HostPacket.Kind.answer.byteLimit { return channel.send(.answer, writer.bytes) }
      writer = BlockWriter()
      writer.text("\(task.path): the decision is too big: \(HostPacket.Kind.answer.byteLimit >> 20) MiB at most")
      writer.text("")
    } catch {
      let failure = task.failure(error)
      writer.text(failure.message)
      writer.text(failure.traceback)
    }
    channel.send(.failure, writer.bytes)
  }

  /// A line as long as one may be; of most nothing is cut off.
  private static func cut(_ line: String) -> String {
    let limit = HostPacket.Kind.log.byteLimit / 4
    return line.utf8.count <= limit ? line : String(line.unicodeScalars.prefix(limit / 4)) + "…"
  }
}
