import Kernel
import Testing

struct RecordTests {
    @Test func `what is written is read`() {
        var writer = RecordWriter([7])
        let numbers: [UInt64] = [0, 1, 127, 128, 300, 1 << 53, .max]
        for number in numbers { writer.write(number) }
        writer.write(-1.5)
        writer.write("héllo")
        writer.write(true)
        var reader = RecordReader(writer.bytes.span)
        let first = reader.number()
        #expect(first == 7)
        for number in numbers {
            let read = reader.number()
            #expect(read == number)
        }
        let double = reader.double()
        let text = reader.text().string
        let flag = reader.flag()
        #expect(double == -1.5 && text == "héllo" && flag)
        #expect(reader.isAtEnd && !reader.isDamaged)
    }

    @Test(
        arguments: [
            [], [0x80], [UInt8](repeating: 0xFF, count: 10), [5, 1, 2],
        ] as [[UInt8]])
    func `damage is noticed and reads as nothing`(bytes: [UInt8]) {
        var reader = RecordReader(bytes.span)
        let text = reader.text().count
        let number = reader.number()
        #expect(text == 0 && number == 0)
        #expect(reader.isDamaged)
    }

    @Test func `a number that is too large is damage`() {
        let bytes: [UInt8] = [3, 4]
        var reader = RecordReader(bytes.span)
        let known = reader.number(below: 4)
        #expect(known == 3 && !reader.isDamaged)
        let unknown = reader.number(below: 4)
        #expect(unknown == 0 && reader.isDamaged)
    }
}
