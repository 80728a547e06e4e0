import Testing

@testable import Scrape

struct CollectorSelectionTests {
    private func names(_ query: String) throws -> Set<String>? {
        let bytes = Array(query.utf8)
        return try CollectorSelection.names(
            in: bytes.span, enabled: ["cpu", "models", "stat"], known: ["cpu", "stat", "wifi"])
    }

    private func sentence(_ query: String) -> String? {
        do {
            _ = try names(query)
            return nil
        } catch {
            return (error as? CollectorSelection.SelectionError)?.sentence
        }
    }

    @Test func `without parameters all collectors run`() throws {
        #expect(try names("") == nil)
        #expect(try names("other=1") == nil)
    }

    @Test func `collect and exclude select by name`() throws {
        #expect(try names("collect[]=cpu&collect%5B%5D=models") == ["cpu", "models"])
        #expect(try names("exclude[]=cpu") == ["models", "stat"])
    }

    @Test func `what cannot be selected is rejected in node_exporter's words`() {
        #expect(
            sentence("collect[]=cpu&exclude[]=stat")
                == "Combined collect and exclude queries are not allowed.")
        #expect(sentence("collect[]=wifi")?.hasSuffix("disabled collector: wifi") == true)
        #expect(sentence("collect[]=x")?.hasSuffix("missing collector: x") == true)
    }
}
