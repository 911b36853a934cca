/** Passes over large states take turns, and nobody who waits stands behind work that nobody waits for. */
import { expect, test } from "bun:test";
import { LargePasses, type PassKind } from "../../../src/core/large-passes.ts";
import { limits } from "../../../src/core/limits.ts";

const large = limits.bufferedBodyBytesMax + 1;

/** Passes that end when they are told to; `begun` has their names in order. */
function trial() {
	const passes = new LargePasses();
	const begun: string[] = [];
	const gates = new Map<string, PromiseWithResolvers<void>>();
	const all: Promise<string>[] = [];
	return {
		begun,
		all,
		async start(name: string, kind: PassKind, sizeBytes: number | null = large) {
			const gate = Promise.withResolvers<void>();
			gates.set(name, gate);
			const run = passes.run(kind, sizeBytes, async () => {
				begun.push(name);
				await gate.promise;
				return name;
			});
			run.catch(() => undefined);
			all.push(run);
			await turns();
		},
		async end(name: string, error?: Error) {
			if (error === undefined) gates.get(name)?.resolve();
			else gates.get(name)?.reject(error);
			await turns();
		},
	};
}

/** Lets everything run that can. */
async function turns(): Promise<void> {
	for (let i = 0; i < 20; i++) await Promise.resolve();
}

test("what nobody waits for goes one by one, in the order in which it came", async () => {
	const { start, end, begun, all } = trial();
	for (const name of ["a", "b", "c"]) await start(name, "background");
	expect(begun).toEqual(["a"]);
	await end("a");
	expect(begun).toEqual(["a", "b"]);
	await end("b");
	await end("c");
	expect(await Promise.all(all)).toEqual(["a", "b", "c"]);
});

test("what somebody waits for does not wait for what nobody waits for, and goes first", async () => {
	const { start, end, begun } = trial();
	await start("copy", "background");
	await start("index", "background");
	await start("asked", "asked");
	expect(begun).toEqual(["copy", "asked"]);
	await start("asked later", "asked");
	await end("copy");
	expect(begun).toEqual(["copy", "asked"]);
	await end("asked");
	expect(begun).toEqual(["copy", "asked", "asked later"]);
	await end("asked later");
	expect(begun).toEqual(["copy", "asked", "asked later", "index"]);
});

test("a pass of the background may make an index as if it was asked for", async () => {
	const passes = new LargePasses();
	const answer = await passes.run("background", large, () =>
		passes.run("asked", large, async () => "made"),
	);
	expect(answer).toBe("made");
});

test("a pass that fails fails alone, and the next one begins", async () => {
	const { start, end, begun, all } = trial();
	await start("broken", "background");
	await start("next", "background");
	await end("broken", new Error("no"));
	await expect(all[0]).rejects.toThrow("no");
	expect(begun).toEqual(["broken", "next"]);
	await end("next");
	expect(await all[1]).toBe("next");
});

test("ranges are put together a few at once, whatever else goes on, and of any size", async () => {
	const { start, end, begun } = trial();
	await start("copy", "background");
	await start("index", "asked");
	const names = Array.from(
		{ length: limits.bufferedRangesAtOnceMax + 1 },
		(_, at) => `range ${at}`,
	);
	for (const name of names) await start(name, "range", null);
	expect(begun).toEqual(["copy", "index", ...names.slice(0, -1)]);
	await end("range 0");
	expect(begun).toEqual(["copy", "index", ...names]);
});

test("small states wait for nothing", async () => {
	const { start, begun } = trial();
	await start("large", "background");
	await start("small", "background", limits.bufferedBodyBytesMax);
	expect(begun).toEqual(["large", "small"]);
});
