internal import Exposition
internal import Glibc
internal import Kernel

/// A file of metrics in text 0.0.4, and what was made of it when it was last read.
struct TextFile {
    /// Larger files are refused.
    static let byteLimit = 16 << 20

    /// What labels may take; the owner of a file is the owner of the machine.
    private static let limits: LabelLimits = {
        var limits = LabelLimits()
        limits.labels = 64
        limits.valueBytes = 16 << 10
        return limits
    }()

    let path: String
    private(set) var families: [RenderedFamily] = []
    /// Why nothing of the file is shown; nil when all is well.
    private(set) var failure: String?
    /// When it was last changed; nil when it could not be read.
    private(set) var changedSeconds: Int64?
    private var key: FileStamp?

    init(_ path: String) {
        self.path = path
    }

    var seriesCount: Int { families.reduce(0) { $0 + $1.count } }

    /// Reads the file when it may have changed. Returns whether it was read.
    mutating func refresh(_ scrape: inout CollectionContext) -> Bool {
        let now = FileStamp(path)
        if let now, now == key { return false }
        // A file that is written right now may change without a later time.
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
                throw KernelError(EFBIG, subject: path)
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
