import { expect, test } from "bun:test";
import { createLog } from "../../../src/server/shared/log.ts";

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) };

function collect(format: "json" | "text", level: "debug" | "warn" = "debug") {
	const lines: string[] = [];
	return { lines, log: createLog({ level, format, clock, write: (line) => lines.push(line) }) };
}

test("JSON lines hold time, level, message and fields", () => {
	const { log, lines } = collect("json");
	log.write("info", "hello", {
		request_id: "r",
		error: new Error("broken", { cause: new Error("why") }),
	});
	expect(lines).toHaveLength(1);
	expect(JSON.parse(lines[0] ?? "")).toEqual({
		time: "2026-01-02T03:04:05.000Z",
		level: "info",
		msg: "hello",
		request_id: "r",
		error: "Error: broken (Error: why)",
	});
});

test("lines below the level are left out", () => {
	const { log, lines } = collect("json", "warn");
	log.write("info", "quiet");
	log.write("error", "loud");
	expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["loud"]);
});

test("names that sound secret are masked, also inside", () => {
	for (const format of ["json", "text"] as const) {
		const { log, lines } = collect(format);
		log.write("info", "x", { authorization: "CANARY", deep: { admin_token: "CANARY" } });
		expect(lines.join("")).not.toContain("CANARY");
	}
});

test("text cannot be broken into lines by a client", () => {
	const { log, lines } = collect("text");
	log.write("warn", "two\nlines", { path: "a\r\nERROR fake", plain: "value" });
	expect(lines.join("").split("\n")).toHaveLength(2);
	expect(lines[0]).toStartWith("03:04:05 WARN  two lines");
	expect(lines[0]).toContain("plain=value");
});
