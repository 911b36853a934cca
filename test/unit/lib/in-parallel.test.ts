/** Work on many items, some at once. */
import { expect, test } from "bun:test";
import { inParallel } from "../../../src/lib/in-parallel.ts";

test("all items are worked on, no more at once than is said", async () => {
	const done: number[] = [];
	let running = 0;
	let most = 0;
	await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
		running += 1;
		most = Math.max(most, running);
		await Promise.resolve();
		running -= 1;
		done.push(item);
	});
	expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
	expect(most).toBe(3);
});

test("the first failure ends it, and nothing goes on behind it", async () => {
	const begun: number[] = [];
	let running = 0;
	const work = inParallel([1, 2, 3, 4, 5, 6], 2, async (item) => {
		begun.push(item);
		running += 1;
		await Promise.resolve();
		running -= 1;
		if (item === 2) throw new Error("no");
	});
	await expect(work).rejects.toThrow("no");
	expect(running).toBe(0);
	expect(begun).not.toContain(6);
});
