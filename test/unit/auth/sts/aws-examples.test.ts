/** The worked examples of AWS's description of signed chunks: a judge apart from our own framing. */
import { expect, test } from "bun:test";
import { AwsChunkedDecoder } from "../../../../src/auth/sts/aws-chunked.ts";
import { scopeText, signingKey } from "../../../../src/auth/sts/canonical.ts";

const scope = { day: "20130524", region: "us-east-1", service: "s3" };
const key = signingKey("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", scope);
const text = "a".repeat(66_560);

const chunk = (size: number, signature: string) =>
	`${size.toString(16)};chunk-signature=${signature}\r\n${size === 0 ? "" : `${"a".repeat(size)}\r\n`}`;

function decode(seedSignature: string, trailer: readonly string[] | null, body: string): string {
	const decoder = new AwsChunkedDecoder({
		decodedBytes: text.length,
		signing: { key, time: "20130524T000000Z", scope: scopeText(scope), seedSignature },
		trailer,
	});
	const pieces = decoder.push(Buffer.from(body));
	decoder.finish();
	return Buffer.concat(pieces).toString();
}

test("signed chunks", () => {
	const body = `${chunk(65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648")}${chunk(1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497")}${chunk(0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9")}\r\n`;
	const seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
	expect(decode(seed, null, body) === text).toBe(true);
	expect(() => decode(`${seed.slice(0, -1)}0`, null, body)).toThrow();
});

test("signed chunks with a signed trailer", () => {
	const body = `${chunk(65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2")}${chunk(1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7")}${chunk(0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992")}x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n`;
	const seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
	expect(decode(seed, ["x-amz-checksum-crc32c"], body) === text).toBe(true);
	expect(() => decode(seed, ["x-amz-checksum-crc32c"], body.replace("sOO8", "sOO9"))).toThrow();
});
