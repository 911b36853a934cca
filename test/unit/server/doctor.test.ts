/** `taco doctor` where there is nothing to examine: what it says, in the form of every other command. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { doctor } from "../../../src/server/doctor.ts";
import { temporaryDirectory } from "../../support/tmpdir.ts";

async function run(argv: readonly string[], json = false) {
	const lines: string[] = [];
	const code = await doctor(argv, {
		out: () => undefined,
		err: (line) => lines.push(line),
		json,
	});
	return { code, text: lines.join("\n") };
}

test("a folder that is not there is named, with the flags that name another", async () => {
	await using folder = await temporaryDirectory("doctor");
	const absent = join(folder.path, "absent");
	const { code, text } = await run(["--storage", "filesystem", "--data-dir", absent]);
	expect(code).toBe(6);
	expect(text).toStartWith(`error: there is no data folder at ${absent}\nhint: `);
	expect(text).toContain("--data-dir");
	expect(text).toContain("--s3-bucket");
	const asJson = await run(["--storage", "filesystem", "--data-dir", absent], true);
	expect(JSON.parse(asJson.text)).toMatchObject({ error: "storage_unavailable" });
});

test("memory is refused", async () => {
	const { code, text } = await run(["--storage", "memory"]);
	expect(code).toBe(2);
	expect(text).toStartWith("error: ");
});
