import { describe, expect, test } from "bun:test";
import { clientAddress, isLoopback, parseRange } from "../../../src/server/shared/addresses.ts";

const ranges = (...texts: string[]) => texts.flatMap((text) => parseRange(text) ?? []);

describe("ranges", () => {
	test("hold what they say", () => {
		const [ten, one, six] = ranges("10.0.0.0/8", "192.0.2.7", "fd00::/8");
		expect(ten?.contains("10.255.0.1")).toBe(true);
		expect(ten?.contains("::ffff:10.1.2.3")).toBe(true);
		expect(ten?.contains("11.0.0.1")).toBe(false);
		expect(one?.contains("192.0.2.7")).toBe(true);
		expect(one?.contains("192.0.2.8")).toBe(false);
		expect(six?.contains("fd12::1")).toBe(true);
		expect(six?.contains("not an address")).toBe(false);
	});

	test("that are none are refused", () => {
		for (const text of [
			"",
			"10.0.0.0/33",
			"::/129",
			"10.0.0/8",
			"a",
			"10.0.0.0/",
			"10.0.0.0/8/8",
		]) {
			expect(parseRange(text)).toBeNull();
		}
	});
});

test("loopback is what only this machine reaches", () => {
	for (const host of ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "LocalHost", "::ffff:127.0.0.1"]) {
		expect(isLoopback(host)).toBe(true);
	}
	for (const host of ["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example", "localhost.example"]) {
		expect(isLoopback(host)).toBe(false);
	}
});

describe("the client's address", () => {
	const trusted = ranges("10.0.0.0/8", "::1");

	test("is the peer's where no proxy is trusted", () => {
		expect(clientAddress("203.0.113.9", "198.51.100.1", trusted)).toBe("203.0.113.9");
		expect(clientAddress("203.0.113.9", "198.51.100.1", [])).toBe("203.0.113.9");
		expect(clientAddress("10.0.0.1", null, trusted)).toBe("10.0.0.1");
		expect(clientAddress(null, "198.51.100.1", trusted)).toBeNull();
	});

	test("is the last that no trusted proxy has", () => {
		expect(clientAddress("10.0.0.1", "198.51.100.1", trusted)).toBe("198.51.100.1");
		expect(clientAddress("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.2.2.2", trusted)).toBe(
			"198.51.100.1",
		);
		expect(clientAddress("::1", "10.3.3.3", trusted)).toBe("10.3.3.3");
		expect(clientAddress("10.0.0.1", "198.51.100.1, junk", trusted)).toBe("10.0.0.1");
	});
});
