import Glibc

/// NVIDIA's management library as Tests/StandIns/nvml.c plays it. Each test has a copy of its own,
/// which is another library to the loader and reads settings of its own.
final class StandIn {
    struct Failure: Error {
        let command: String
    }

    private let folder: String

    var path: String { "\(folder)/libnvidia-ml.so.1" }

    /// `settings` are lines as nvml.c explains them. An old library has only what one of 2014 had.
    init(_ settings: String = "", isOld: Bool = false) throws {
        var template = Array("/tmp/ml_exporter-nvml-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw Failure(command: "mkdtemp") }
        folder = String(
            decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let source = Trees.path("../StandIns/nvml.c")
        try StandIn.run(
            "cc -shared -fPIC \(isOld ? "-DOLD" : "") -o '\(folder)/libnvidia-ml.so.1' '\(source)'")
        try set(settings)
    }

    deinit {
        unsafe unlink("\(path).settings")
        unsafe unlink(path)
        unsafe rmdir(folder)
    }

    func set(_ settings: String) throws {
        let name = "\(path).settings"
        guard let file = unsafe fopen(name, "w") else { throw Failure(command: "fopen \(name)") }
        unsafe fputs(settings + "\n", file)
        unsafe fclose(file)
    }

    private static func run(_ command: String) throws {
        guard unsafe system(command) == 0 else { throw Failure(command: command) }
    }
}
