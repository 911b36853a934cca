import { describe, expect, test } from "bun:test";
import {
	mkdir,
	open,
	readdir,
	readFile,
	stat,
	symlink,
	truncate,
	utimes,
	writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { StoreError } from "../../src/core/ports/blob-store.ts";
import { FilesystemStore } from "../../src/storage/filesystem.ts";
import type { FileStep } from "../../src/storage/filesystem-durable.ts";
import {
	bytesOf,
	patternOf,
	storeErrorOf,
	storeErrorsOf,
	streamOf,
	textOf,
} from "../contract/blob-store.suite.ts";
import { machineClock } from "../support/store-clock.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";
import { until } from "../support/until.ts";

/** A store whose next step of one kind fails with a system error. */
async function faultyStore(directory: string) {
	let fault: { step: FileStep; code: string } | null = null;
	const steps: FileStep[] = [];
	const store = await FilesystemStore.open({
		directory,
		clock: machineClock,
		onStep(step) {
			steps.push(step);
			if (fault?.step !== step) return;
			const error = Object.assign(new Error(fault.code), { code: fault.code });
			fault = null;
			throw error;
		},
	});
	return {
		store,
		steps,
		failAt(step: FileStep, code: string) {
			fault = { step, code };
		},
	};
}

function temporariesOf(directory: string): Promise<string[]> {
	return readdir(join(directory, "__opentaco", "tmp"));
}

describe("modes", () => {
	test("folders are 0700, files 0600", async () => {
		await using directory = await temporaryDirectory();
		const root = join(directory.path, "a", "data");
		const store = await FilesystemStore.open({ directory: root, clock: machineClock });
		await store.put("x/y", bytesOf("secret"));
		await store.putIfAbsent("x/z", bytesOf("secret"));
		const modeOf = async (path: string) => (await stat(join(root, path))).mode & 0o777;
		expect(await modeOf("")).toBe(0o700);
		expect(await modeOf("x")).toBe(0o700);
		expect(await modeOf("__opentaco/tmp")).toBe(0o700);
		expect(await modeOf("x/y")).toBe(0o600);
		expect(await modeOf("x/z")).toBe(0o600);
	});
});

describe("steps that fail", () => {
	const before: FileStep[] = [
		"open-temporary",
		"write",
		"sync-file",
		"make-directory",
		"link",
		"rename",
	];
	for (const step of before) {
		test(`an error at ${step} means not done, and leaves nothing`, async () => {
			await using directory = await temporaryDirectory();
			const { store, failAt } = await faultyStore(directory.path);
			if (step !== "rename") {
				failAt(step, "EIO");
				const error = await storeErrorOf(store.putIfAbsent("a/b", bytesOf("x")));
				expect(error.notDone).toBe(true);
			}
			if (step !== "link" && step !== "sync-file") {
				failAt(step, "EIO");
				const error = await storeErrorOf(store.put("a/b", bytesOf("x")));
				expect(error.notDone).toBe(true);
			}
			expect((await store.get("a/b")).found).toBe(false);
			expect(await temporariesOf(directory.path)).toEqual([]);
		});
	}

	test("an error of the directory's sync means unknown, and poisons the store", async () => {
		await using directory = await temporaryDirectory();
		for (const act of ["putIfAbsent", "put", "delete"] as const) {
			const { store, failAt } = await faultyStore(join(directory.path, act));
			await store.put("kept", bytesOf("kept"));
			failAt("sync-directory", "EIO");
			const attempt = act === "delete" ? store.delete("kept") : store[act]("new", bytesOf("x"));
			const error = await storeErrorOf(attempt, "unavailable");
			expect(error.notDone).toBe(false);
			const later = await storeErrorsOf(
				[
					store.put("other", bytesOf("x")),
					store.putIfAbsent("other", bytesOf("x")),
					store.delete("kept"),
				],
				"not_writable",
			);
			expect(later.every((refused) => refused.notDone)).toBe(true);
			expect(await textOf(store, act === "delete" ? "new" : "kept")).toBe(
				act === "delete" ? null : "kept",
			);
		}
	});

	test("an error of the file's sync poisons the store, a full disk does not", async () => {
		await using directory = await temporaryDirectory();
		const { store, failAt } = await faultyStore(directory.path);
		for (const step of ["write", "sync-file"] as const) {
			failAt(step, "ENOSPC");
			const full = await storeErrorOf(store.put("a", bytesOf("x")), "not_writable");
			expect(full.notDone).toBe(true);
		}
		await store.put("a", bytesOf("works again"));
		failAt("sync-file", "EIO");
		await storeErrorOf(store.put("a", bytesOf("x")), "unavailable");
		await storeErrorOf(store.put("a", bytesOf("x")), "not_writable");
		expect(await textOf(store, "a")).toBe("works again");
	});

	test("a temporary file that cannot be removed is no failure, and is hidden", async () => {
		await using directory = await temporaryDirectory();
		const { store, failAt } = await faultyStore(directory.path);
		failAt("unlink-temporary", "EIO");
		expect((await store.putIfAbsent("a", bytesOf("x"))).created).toBe(true);
		expect((await temporariesOf(directory.path)).length).toBe(1);
		const page = await store.list({ prefix: "", delimiter: "/", limit: 10 });
		expect(page.prefixes).toEqual([]);
		expect((await store.list({ prefix: "__opentaco/tmp/", limit: 10 })).blobs).toEqual([]);
		await storeErrorOf(store.get(`__opentaco/tmp/${"x"}`), "invalid_key");
	});

	test("the file is synced before its name appears, the directories after", async () => {
		await using directory = await temporaryDirectory();
		const { store, steps } = await faultyStore(directory.path);
		await store.putIfAbsent("a/b/c", bytesOf("x"));
		expect(steps.filter((step) => step !== "write")).toEqual([
			"open-temporary",
			"sync-file",
			"make-directory",
			"make-directory",
			"link",
			"sync-directory",
			"sync-directory",
			"sync-directory",
			"unlink-temporary",
		]);
	});
});

describe("temporary files", () => {
	test("those of dead processes go at start, those of live ones stay", async () => {
		await using directory = await temporaryDirectory();
		const reached = Promise.withResolvers<void>();
		const held = Promise.withResolvers<void>();
		const writer = await FilesystemStore.open({
			directory: directory.path,
			clock: machineClock,
			onStep(step) {
				if (step !== "sync-file") return;
				reached.resolve();
				return held.promise;
			},
		});
		const writing = writer.put("slow", bytesOf("slow"));
		await reached.promise;
		const [mine] = await temporariesOf(directory.path);
		const [host, pid, start] = (mine ?? "").split(".");
		expect(Number(pid)).toBe(process.pid);
		const ended = Bun.spawn(["true"]);
		await ended.exited;
		const place = (name: string) => join(directory.path, "__opentaco", "tmp", name);
		await writeFile(place(`${host}.${ended.pid}.${start}.0.x`), "dead");
		await writeFile(place(`${host}.${process.pid}.1.0.x`), "an earlier process of this id");
		await writeFile(place("elsewhere.1.1.0.x"), "another machine's");
		await writeFile(place("elsewhere.1.2.0.x"), "another machine's, old");
		const longAgo = new Date(Date.now() - 48 * 60 * 60 * 1000);
		await utimes(place("elsewhere.1.2.0.x"), longAgo, longAgo);
		await FilesystemStore.open({ directory: directory.path, clock: machineClock });
		const left = await temporariesOf(directory.path);
		expect(left.sort()).toEqual(["elsewhere.1.1.0.x", mine ?? ""].sort());
		held.resolve();
		await writing;
		expect(await textOf(writer, "slow")).toBe("slow");
	});
});

describe("things planted in the folder", () => {
	test("symbolic links are never followed", async () => {
		await using directory = await temporaryDirectory();
		const outside = join(directory.path, "outside");
		const root = join(directory.path, "root");
		await mkdir(outside);
		await writeFile(join(outside, "secret"), "secret");
		const store = await FilesystemStore.open({ directory: root, clock: machineClock });
		await store.put("real/file", bytesOf("x"));
		await symlink(outside, join(root, "out"));
		await symlink(join(outside, "secret"), join(root, "real", "link"));
		const refused = await storeErrorsOf(
			[
				store.get("out/secret"),
				store.getStream("out/secret"),
				store.get("real/link"),
				store.put("out/new", bytesOf("x")),
				store.put("out/deep/new", bytesOf("x")),
				store.putIfAbsent("out/new", bytesOf("x")),
				store.putIfAbsent("out/deep/new", bytesOf("x")),
				store.putIfAbsent("real/link", bytesOf("x")),
				store.delete("out/secret"),
				store.list({ prefix: "out/", limit: 10 }),
				store.newest("out/"),
			],
			"denied",
		);
		expect(refused.every((error) => error.notDone)).toBe(true);
		expect(await readdir(outside)).toEqual(["secret"]);
		const page = await store.list({ prefix: "", limit: 10 });
		expect(page.blobs.map(({ key }) => key)).toEqual(["real/file"]);
		await store.put("real/link", bytesOf("ours"));
		expect(await readFile(join(outside, "secret"), "utf8")).toBe("secret");
		expect(await textOf(store, "real/link")).toBe("ours");
	});

	test("pipes and other oddities do not hang or show", async () => {
		await using directory = await temporaryDirectory();
		const store = await FilesystemStore.open({ directory: directory.path, clock: machineClock });
		const made = Bun.spawn(["mkfifo", join(directory.path, "pipe")]);
		expect(await made.exited).toBe(0);
		expect((await store.get("pipe")).found).toBe(false);
		expect((await store.list({ prefix: "", limit: 10 })).blobs).toEqual([]);
	});

	test("a key below or above another one is refused", async () => {
		await using directory = await temporaryDirectory();
		const store = await FilesystemStore.open({ directory: directory.path, clock: machineClock });
		await store.put("a/b", bytesOf("x"));
		for (const key of ["a", "a/b/c"]) {
			await storeErrorOf(store.put(key, bytesOf("x")), "invalid_key");
			await storeErrorOf(store.putIfAbsent(key, bytesOf("x")), "invalid_key");
			expect((await store.get(key)).found).toBe(false);
			await store.delete(key);
		}
		expect(await textOf(store, "a/b")).toBe("x");
	});

	test("a file that is cut short while it is read is an error", async () => {
		await using directory = await temporaryDirectory();
		const store = await FilesystemStore.open({ directory: directory.path, clock: machineClock });
		await store.put("big", patternOf(3_000_000));
		const got = await store.getStream("big");
		if (!got.found) throw new Error("absent");
		await truncate(join(directory.path, "big"), 1000);
		await storeErrorOf(new Response(got.body).bytes(), "corrupt");
	});
});

describe("modified", () => {
	test("is not before the name appeared, whatever the file's mtime", async () => {
		await using directory = await temporaryDirectory();
		const start = Date.now() - 1000;
		const store = await FilesystemStore.open({
			directory: directory.path,
			clock: machineClock,
			async onStep(step, path) {
				if (step !== "sync-file") return;
				const file = await open(path, "r+");
				await file.utimes(1, 1);
				await file.close();
			},
		});
		await store.putIfAbsent("a", bytesOf("x"));
		const got = await store.get("a");
		if (!got.found) throw new Error("absent");
		expect(got.modified).toBeGreaterThan(start);
		expect(got.modified).toBeLessThanOrEqual(got.date);
	});
});

describe("open files", () => {
	test("are closed after reads, aborted and cancelled streams", async () => {
		await using directory = await temporaryDirectory();
		const store = await FilesystemStore.open({ directory: directory.path, clock: machineClock });
		await store.put("k", patternOf(1_000_000));
		const openNow = async () => (await readdir("/proc/self/fd")).length;
		const before = await openNow();
		for (let i = 0; i < 20; i++) {
			await store.get("k");
			const cancelled = await store.getStream("k");
			if (cancelled.found) await cancelled.body.cancel();
			const controller = new AbortController();
			await store.getStream("k", { signal: controller.signal });
			controller.abort();
			const read = await store.getStream("k");
			if (read.found) await new Response(read.body).bytes();
			await store
				.put("s", { stream: streamOf(patternOf(100)), size: 50 })
				.catch((error) => expect(error).toBeInstanceOf(StoreError));
		}
		// Closing goes on behind.
		await until(async () => (await openNow()) < before + 5);
	});
});
