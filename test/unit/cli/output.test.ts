import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cliReference, referencePath } from "../../../scripts/generate-cli-docs.ts";
import { exitCodeMeanings, exitCodeOf } from "../../../src/cli/exit-codes.ts";
import { formatBytes } from "../../../src/cli/progress.ts";
import { parseTimeout } from "../../../src/cli/settings.ts";
import { formatTable } from "../../../src/cli/table.ts";
import { clientErrorCodes } from "../../../src/client/errors.ts";
import { errorCodes } from "../../../src/core/errors.ts";
import { safeJson, safeText } from "../../../src/lib/safe-text.ts";
import { FakeServer } from "./fake-server.ts";
import { taco } from "./terminal.ts";

describe("tables", () => {
	const table = {
		columns: [{ title: "ID", keep: true }, { title: "SIZE", right: true }, { title: "NOTE" }],
		rows: [
			["myapp/prod", "12345", "a rather long remark about it"],
			["日本", "7", "short"],
		],
	};

	test("are aligned and never cut without a width", () => {
		expect(formatTable(table, null)).toBe(
			"ID           SIZE  NOTE\n" +
				"myapp/prod  12345  a rather long remark about it\n" +
				"日本            7  short\n",
		);
	});

	test("fit the width, and keep what is copied", () => {
		for (let width = 26; width < 60; width++) {
			const lines = formatTable(table, width).trimEnd().split("\n");
			for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
			expect(lines[1]).toContain("myapp/prod");
		}
		expect(formatTable(table, 30)).toContain("a rather l…");
	});

	test("escape what would move the cursor", () => {
		const text = formatTable({ columns: [{ title: "A" }], rows: [["x\u001b[2J\ny\u202ez"]] }, null);
		expect(text).toBe("A\nx\\u001b[2J\\u000ay\\u202ez\n");
	});
});

test("JSON is safe on a terminal and keeps its value", () => {
	const value = { a: "\u001b[31m\u009b\u202e\n", b: ["é", "\u2028"] };
	for (const indent of [undefined, 2]) {
		const text = safeJson(value, indent);
		expect(JSON.parse(text)).toEqual(value);
		expect(text).not.toMatch(/[\u001b\u009b\u202e\u2028]/);
	}
	expect(safeText("plain é 日本")).toBe("plain é 日本");
});

test("every known error code has an exit code that is documented", () => {
	for (const code of [...errorCodes, ...clientErrorCodes]) {
		expect(exitCodeMeanings[exitCodeOf(code)]).toBeString();
	}
	expect(exitCodeOf("something_new")).toBe(1);
	expect(exitCodeOf("constructor")).toBe(1);
	expect(exitCodeOf("locked")).toBe(4);
	expect(exitCodeOf("outcome_unknown")).toBe(7);
});

test("durations and sizes", () => {
	expect(["30", "30s", "500ms", "2m", "1.5s", "0"].map(parseTimeout)).toEqual([
		30_000, 30_000, 500, 120_000, 1500, 0,
	]);
	expect(["", "s", "-1s", "1h", "1e3", " 1s"].map(parseTimeout)).toEqual(Array(6).fill(null));
	expect([0, 1023, 1536, 3 << 20].map(formatBytes)).toEqual([
		"0 B",
		"1023 B",
		"1.5 KiB",
		"3.0 MiB",
	]);
});

describe("on a terminal", () => {
	let server: FakeServer;
	beforeAll(() => {
		server = new FakeServer();
		server.unit("a");
		server.lockOf("a", "l1");
	});
	afterAll(() => server.stop());

	const refused = (
		argv: string[],
		columns: number | null,
		env: Record<string, string> = {},
	): ReturnType<typeof taco> =>
		taco(["unit", "lock", "a", ...argv], {
			cwd: "/nowhere",
			columns,
			env: { OPENTACO_SERVER: server.url, HOME: "/nowhere", ...env },
		});

	test("colour is for terminals, and not for all of them", async () => {
		expect((await refused([], 80)).err).toContain("\u001b[31m");
		expect((await refused([], null)).err).not.toContain("\u001b");
		expect((await refused([], 80, { NO_COLOR: "1" })).err).not.toContain("\u001b");
		expect((await refused([], 80, { NO_COLOR: "" })).err).toContain("\u001b");
		expect((await refused([], 80, { TERM: "dumb" })).err).not.toContain("\u001b");
		expect((await refused(["--no-color"], 80)).err).not.toContain("\u001b");
	});

	test("with --json an error is one line of JSON on stderr", async () => {
		const { code, out, err } = await refused(["--json"], 80);
		expect({ code, out }).toEqual({ code: 4, out: "" });
		expect(err.endsWith("\n") && err.indexOf("\n") === err.length - 1).toBe(true);
		expect(JSON.parse(err)).toMatchObject({
			error: "locked",
			message: "the unit is locked",
			hint: "wait, or ask the holder",
			request_id: "req-1",
			lock: { id: "l1", who: "bob@desk" },
		});
	});
});

test("the reference of the commands is up to date (bun scripts/generate-cli-docs.ts)", async () => {
	expect(await Bun.file(referencePath).text()).toBe(await cliReference());
});
