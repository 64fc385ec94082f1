import LuaBridge
import QualityCycle
import Tabular

/// Writes data as bytes: whole columns as blocks, in the byte order of the machine, as both ends are one program.
struct BlockWriter {
  private(set) var bytes: [UInt8] = []

  mutating func byte(_ value: UInt8) { bytes.append(value) }

  mutating func integer(_ value: Int) { block([value]) }

  mutating func text(_ text: String) {
    var text = text
    text.withUTF8 { utf8 in
      integer(utf8.count)
      bytes.append(contentsOf: utf8)
    }
  }

  /// Writes an array's elements as they lie in memory, which is copied before the call ends.
  mutating func block<Element: BitwiseCopyable>(_ values: [Element]) { values.withUnsafeBytes { bytes.append(contentsOf: $0) } }

  mutating func plain(_ value: PlainValue) {
    switch value {
    case .null: byte(0)
    case .bool(let flag): byte(flag ? 2 : 1)
    case .integer(let number):
      byte(3)
      block([number])
    case .number(let number):
      byte(4)
      block([number])
    case .text(let text):
      byte(5)
      self.text(text)
    case .list(let elements):
      byte(6)
      integer(elements.count)
      for element in elements { plain(element) }
    case .map(let entries):
      byte(7)
      integer(entries.count)
      for (key, value) in entries {
        text(key)
        plain(value)
      }
    }
  }

  mutating func column(_ column: Column) {
    integer(column.count)
    byte(column.validity == nil ? 0 : 1)
    if let validity = column.validity { block(validity.words) }
    switch column.values {
    case .double(let numbers):
      byte(0)
      block(numbers)
    case .integer(let numbers):
      byte(1)
      block(numbers)
    case .timestamp(let instants):
      byte(2)
      block(instants)
    case .bool(let flags):
      byte(3)
      block(flags)
    case .text(let text):
      byte(4)
      integer(text.dictionary.count)
      for code in 0..<Int32(text.dictionary.count) {
        text.dictionary.withBytes(of: code) { utf8 in
          integer(utf8.count)
          bytes.append(contentsOf: utf8)
        }
      }
      block(text.codes)
    }
  }

  mutating func frame(_ frame: Frame) {
    integer(frame.rowCount)
    integer(frame.names.count)
    for (name, column) in zip(frame.names, frame.columns) {
      text(name)
      self.column(column)
    }
  }

  /// Writes a field of a context; of a frame that is read column by column only what it has.
  mutating func field(_ field: ContextField) {
    switch field {
    case .plain(let value):
      byte(0)
      plain(value)
    case .column(let column):
      byte(1)
      self.column(column)
    case .columns(let columns):
      byte(2)
      integer(columns.count)
      for column in columns { self.column(column) }
    case .frame(let frame):
      byte(3)
      self.frame(frame)
    case .lazy(let frame):
      byte(4)
      integer(frame.rowCount)
      integer(frame.names.count)
      for name in frame.names { text(name) }
    }
  }

  mutating func task(_ task: StrategyTask) {
    text(task.kind.rawValue)
    text(task.path)
    text(task.source)
    plain(.map(task.parameters))
    block([task.asOf.microseconds])
    block([task.seed])
    integer(task.limits.memoryBytes)
    block([task.limits.time.map { $0 / .seconds(1) } ?? 0])
    integer(task.fields.count)
    for (name, field) in task.fields {
      text(name)
      self.field(field)
    }
  }
}
