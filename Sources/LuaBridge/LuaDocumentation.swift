/// What there is to say about modules: the one value that help, completion, stubs and reference pages are made from.
public enum LuaDocumentation {
  /// A parameter of a function, or a field of an options table.
  public struct Parameter: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// What it takes.
    public var type: LuaType
    /// What it is.
    public var words: String
    /// The value where none is given, as Lua would write it.
    public var defaultText: String?
    /// Whether it must be given.
    public var isRequired: Bool
    /// Whether it takes all remaining arguments.
    public var isVariadic: Bool

    /// Describes a parameter or field.
    public init(name: String, type: LuaType, words: String, defaultText: String? = nil, isRequired: Bool, isVariadic: Bool = false) {
      self.name = name
      self.type = type
      self.words = words
      self.defaultText = defaultText
      self.isRequired = isRequired
      self.isVariadic = isVariadic
    }
  }

  /// A result of a function.
  public struct Result: Hashable, Sendable {
    /// What it is.
    public var type: LuaType
    /// What it means.
    public var words: String
  }

  /// A function, method or operator.
  public struct Function: Hashable, Sendable {
    /// Its own name: `psi`.
    public var name: String
    /// What it does, in a sentence or more.
    public var words: String
    /// Its parameters, without `self`.
    public var parameters: [Parameter]
    /// Its results.
    public var results: [Result]
    /// What it does to the world.
    public var effect: LuaEffect

    /// `(reference, current, bins?)`.
    public var signature: String {
      "(" + parameters.map { $0.isVariadic ? "..." : $0.name + ($0.isRequired ? "" : "?") }.joined(separator: ", ") + ")"
    }
  }

  /// A constant or property.
  public struct Value: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// What it is.
    public var type: LuaType
    /// What it means.
    public var words: String
    /// The constant's value, as Lua would write it.
    public var text: String?
  }

  /// A class of host objects.
  public struct Class: Hashable, Sendable {
    /// Its name.
    public var name: String
    /// What its objects are.
    public var words: String
    /// Its methods.
    public var methods: [Function]
    /// Its properties.
    public var properties: [Value]
    /// Its operators, with the operator's sign for a name.
    public var operators: [Function]
  }

  /// A module.
  public struct Module: Hashable, Sendable {
    /// Its name, a global of scripts.
    public var name: String
    /// What it is for.
    public var words: String
    /// Its functions.
    public var functions: [Function]
    /// Its constants.
    public var constants: [Value]
    /// The classes of the objects that it gives.
    public var classes: [Class]
  }
}
