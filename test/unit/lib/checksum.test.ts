import { expect, test } from "bun:test";
import {
	checksumAlgorithms,
	isChecksumAlgorithm,
	startChecksum,
} from "../../../src/lib/checksum.ts";

// The check values of the CRC catalogue are those of the nine digits.
const digits = Buffer.from("123456789");
const expected = {
	crc32: "cbf43926",
	crc32c: "e3069283",
	crc64nvme: "ae8b14860a799888",
	sha1: "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
	sha256: "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
} as const;

for (const algorithm of checksumAlgorithms) {
	test(`${algorithm} of known bytes, whole and in pieces`, () => {
		const whole = startChecksum(algorithm);
		whole.update(digits);
		expect(Buffer.from(whole.digest(), "base64").toString("hex")).toBe(expected[algorithm]);
		const pieces = startChecksum(algorithm);
		for (const byte of digits) pieces.update(Uint8Array.of(byte));
		expect(Buffer.from(pieces.digest(), "base64").toString("hex")).toBe(expected[algorithm]);
	});

	test(`${algorithm} of nothing`, () => {
		const empty = startChecksum(algorithm).digest();
		expect(Buffer.from(empty, "base64").length).toBe(expected[algorithm].length / 2);
	});
}

test("unknown names are no algorithms", () => {
	expect(isChecksumAlgorithm("sha256")).toBe(true);
	for (const text of ["SHA256", "md5", "", "constructor"]) {
		expect(isChecksumAlgorithm(text)).toBe(false);
	}
});
