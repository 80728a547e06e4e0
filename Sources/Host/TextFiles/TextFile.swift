internal import Exposition
internal import Glibc
internal import Kernel

/// A file of metrics in text 0.0.4, as it was when it was last read.
struct TextFile {
    /// Larger files are rejected: their samples would be rendered and kept in memory.
    static let byteLimit = 16 << 20

    /// Wider limits than for pushes: who may write the directory administers the machine.
    private static let limits: LabelLimits = {
        var limits = LabelLimits()
        limits.labels = 64
        limits.valueBytes = 16 << 10
        return limits
    }()

    let path: String
    private(set) var families: [RenderedFamily] = []
    /// Why the file is left out, or nil if it is shown.
    private(set) var failure: String?
    /// Its modification time in Unix seconds, or nil if it could not be read.
    private(set) var changedSeconds: Int64?
    private var key: FileStamp?

    init(_ path: String) {
        self.path = path
    }

    var seriesCount: Int { families.reduce(0) { $0 + $1.count } }

    /// Reads the file if it may have changed. Returns whether the page changes with it.
    mutating func refresh(_ scrape: inout CollectionContext) -> Bool {
        let now = FileStamp(path)
        if let now, now == key { return false }
        // A file that is being written may change again within the resolution of its time.
        key = now.flatMap { $0.isSettled ? $0 : nil }
        let before = failure
        let hadFamilies = !families.isEmpty
        (families, failure, changedSeconds) = ([], nil, nil)
        do throws(Problem) {
            families = try read(&scrape)
            changedSeconds = now?.seconds
        } catch {
            failure = error.sentence
        }
        return failure == nil || failure != before || hadFamilies
    }

    private struct Problem: Error {
        let sentence: String
    }

    private func read(_ scrape: inout CollectionContext) throws(Problem) -> [RenderedFamily] {
        do throws(KernelError) {
            var file = KernelFile(path: path, limit: TextFile.byteLimit)
            if try file.read(into: &scrape.text) {
                throw KernelError("larger than \(TextFile.byteLimit) bytes", subject: path)
            }
        } catch {
            throw Problem(sentence: "\(error)")
        }
        let batch: ParsedExposition
        do throws(MetricSyntaxError) {
            batch = try TextParser.parse(scrape.text.bytes)
        } catch {
            throw Problem(sentence: "\(path): \(error)")
        }
        if batch.hasTimestamps {
            throw Problem(sentence: "\(path): samples with timestamps are not accepted")
        }
        do throws(SampleError) {
            var renderer = FamilyRenderer(limits: TextFile.limits)
            return try renderer.render(batch)
        } catch {
            throw Problem(sentence: "\(path): \(error.sentence)")
        }
    }
}
