// modules: Kernel Statistics Profiles

import Profiles

/// Reads any text as a profile: nothing may trap, a mistake has a place within the text, and what is read
/// is written back with the same id.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzProfile(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    let text = unsafe Span(_unsafeElements: input)
    do throws(TextError) {
        let profile = try Profile(text, file: "p")
        let written = profile.fileText
        let again = try Profile(written.span, file: "q")
        precondition(again == profile && again.id == profile.id)
    } catch {
        precondition(error.file == "p" && error.line >= 1 && error.column >= 1)
    }
    return 0
}
