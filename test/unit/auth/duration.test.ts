import { describe, expect, test } from "bun:test";
import { parseGoDuration } from "../../../src/auth/duration.ts";

describe("Go durations", () => {
	test.each([
		["1h", 3_600_000],
		["720h", 2_592_000_000],
		["1h30m", 5_400_000],
		["1.5h", 5_400_000],
		["15m", 900_000],
		["90s", 90_000],
		["500ms", 500],
		["2000000ns", 2],
	])("%s", (text, ms) => {
		expect(parseGoDuration(text)).toBe(ms);
	});

	test.each([
		"",
		"0",
		"1",
		"1d",
		"-1h",
		"+1h",
		"1 h",
		"h",
		"1h ",
		"0s",
		"1e3s",
		"1hour",
		"NaN",
		`${"9".repeat(60)}h`,
		".5h",
	])("%j is refused", (text) => {
		expect(parseGoDuration(text)).toBeNull();
	});
});
