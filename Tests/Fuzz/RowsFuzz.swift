// modules: Kernel Statistics Profiles

import Glibc
import Profiles

/// Builds a profile of any bytes, as CSV or as JSON lines by the first of them, with little and with much
/// memory, and checks the bytes against it: nothing may trap, and both profiles are equal. A file may drift
/// from its own profile: its rows have no unseen category, and a column of mostly different texts lets
/// expect some.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRows(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start = unsafe start, count > 0 else { return 0 }
    let path = "/tmp/ml_exporter-rows-fuzz-\(getpid())"
    let format = unsafe start[0] == UInt8(ascii: "{") ? RowReader.Format.jsonl : .csv
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    precondition(descriptor >= 0)
    precondition(unsafe write(descriptor, start, count) == count)
    close(descriptor)
    defer { unsafe unlink(path) }
    var options = BuildOptions(model: "m", modelVersion: "1")
    do throws(InputError) {
        let first = try InputFile(path, temporaryFolder: "/tmp")
        let profile = try ProfileBuilder.build(first, format: format, options: options).profile
        options.memoryLimit = 4096
        let second = try InputFile(path, temporaryFolder: "/tmp")
        let again = try ProfileBuilder.build(second, format: format, options: options).profile
        precondition(again == profile)
        let written = profile.fileText
        let read = try? Profile(written.span, file: "p")
        precondition(read == profile)
        let third = try InputFile(path, temporaryFolder: "/tmp")
        let report = try ProfileCheck.check(third, format: format, against: profile)
        precondition(report.rows == profile.rows)
        precondition(!report.json.isEmpty)
    } catch {
        precondition(!error.description.isEmpty)
    }
    return 0
}
