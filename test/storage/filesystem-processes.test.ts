/** Several processes on one folder, and processes that are killed in the middle of a write. */

import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FilesystemStore } from "../../src/storage/filesystem.ts";
import type { FileStep } from "../../src/storage/filesystem-durable.ts";
import { bytesOf, textOf } from "../contract/blob-store.suite.ts";
import type { RacerOrder } from "../support/folder-racer.ts";
import { machineClock } from "../support/store-clock.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";

const racer = fileURLToPath(new URL("../support/folder-racer.ts", import.meta.url));

/** Runs racers from a common start; gives what each created, null for one that was killed. */
async function race(orders: readonly RacerOrder[]): Promise<(string[] | null)[]> {
	const children = orders.map((order) =>
		Bun.spawn([process.execPath, racer, JSON.stringify(order)], {
			stdin: "pipe",
			stdout: "pipe",
			stderr: "inherit",
		}),
	);
	const outputs = children.map((child) =>
		child.stdout.pipeThrough(new TextDecoderStream()).getReader(),
	);
	const texts: string[] = [];
	for (const [i, output] of outputs.entries()) {
		texts[i] = (await output.read()).value ?? "";
	}
	for (const child of children) {
		child.stdin.write("go\n");
		child.stdin.end();
	}
	return Promise.all(
		children.map(async (child, i) => {
			let text = texts[i] ?? "";
			for (;;) {
				const chunk = await outputs[i]?.read();
				if (chunk === undefined || chunk.done) break;
				text += chunk.value;
			}
			await child.exited;
			if (child.signalCode === "SIGKILL") return null;
			expect(child.exitCode).toBe(0);
			return JSON.parse(text.replace("ready\n", "")) as string[];
		}),
	);
}

describe("several processes on one folder", () => {
	test("of four that create the same names, each name has one winner", async () => {
		await using directory = await temporaryDirectory();
		const names = Array.from({ length: 150 }, (_, i) => `log/unit-${i % 5}/${i}`);
		const results = await race(
			["a", "b", "c", "d"].map((id) => ({
				directory: directory.path,
				id,
				names,
				churn: "log/churn",
			})),
		);
		const winners = new Map<string, string>();
		for (const [i, won] of results.entries()) {
			for (const name of won ?? []) {
				expect(winners.has(name)).toBe(false);
				winners.set(name, "abcd"[i] as string);
			}
		}
		expect([...winners.keys()].sort()).toEqual([...names].sort());
		const store = await FilesystemStore.open({ directory: directory.path, clock: machineClock });
		for (const [name, id] of winners) {
			expect(await textOf(store, name)).toBe(`${id} `.repeat(2000));
		}
		expect((await store.list({ prefix: "", limit: 1000 })).blobs.length).toBe(150);
		expect(await readdir(join(directory.path, "__opentaco", "tmp"))).toEqual([]);
	}, 60_000);
});

describe("a process that is killed", () => {
	const steps: [FileStep, boolean][] = [
		["open-temporary", false],
		["write", false],
		["sync-file", false],
		["make-directory", false],
		["link", false],
		["sync-directory", true],
		["unlink-temporary", true],
	];
	test.each(steps)("at %s leaves a whole object or none (%p)", async (killAt, there) => {
		await using directory = await temporaryDirectory();
		const order = { directory: directory.path, id: "k", names: ["a/b"], killAt };
		expect(await race([order])).toEqual([null]);
		const store = await FilesystemStore.open({ directory: directory.path, clock: machineClock });
		expect(await textOf(store, "a/b")).toBe(there ? "k ".repeat(2000) : null);
		expect(await readdir(join(directory.path, "__opentaco", "tmp"))).toEqual([]);
		expect((await store.putIfAbsent("a/b", bytesOf("next"))).created).toBe(!there);
	});

	test.each(["write", "sync-file", "rename"] as const)(
		"at %s of a replacement leaves the old object",
		async (killAt) => {
			await using directory = await temporaryDirectory();
			const first = await FilesystemStore.open({ directory: directory.path, clock: machineClock });
			await first.put("a/b", bytesOf("old"));
			const order = { directory: directory.path, id: "k", names: ["a/b"], killAt, replace: true };
			expect(await race([order])).toEqual([null]);
			expect(await textOf(first, "a/b")).toBe("old");
		},
	);
});
