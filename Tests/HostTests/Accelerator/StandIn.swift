import Glibc
import Scratch

/// NVIDIA's management library as Tests/StandIns/nvml.c plays it. Each test has a copy of its own,
/// which is another library to the loader and reads settings of its own.
final class StandIn {
    struct Failure: Error {
        let command: String
    }

    private static let file = "libnvidia-ml.so.1"

    private let folder: Folder

    var path: String { "\(folder.path)/\(StandIn.file)" }

    /// `settings` are lines as nvml.c explains them. An old library has only what one of 2014 had.
    init(_ settings: String = "", isOld: Bool = false) throws {
        folder = try Folder()
        let source = Trees.path("../StandIns/nvml.c")
        try StandIn.run(
            "cc -shared -fPIC \(isOld ? "-DOLD" : "") -o '\(path)' '\(source)'")
        try set(settings)
    }

    func set(_ settings: String) throws {
        try folder.write(settings + "\n", to: StandIn.file + ".settings")
    }

    private static func run(_ command: String) throws {
        guard unsafe system(command) == 0 else { throw Failure(command: command) }
    }
}
