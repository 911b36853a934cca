/** Work in turns. */
import { expect, test } from "bun:test";
import { Turns } from "../../../src/lib/turns.ts";

test("so much runs at once, the rest in its order, whether it fails or not", async () => {
	const turns = new Turns(2);
	const begun: number[] = [];
	const work = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
	const all = work.map(({ promise }, at) =>
		turns.run(async () => {
			begun.push(at);
			await promise;
		}),
	);
	const settled = Promise.allSettled(all);
	expect(begun).toEqual([0, 1]);
	work[1]?.reject(new Error("no"));
	await expect(all[1]).rejects.toThrow("no");
	expect(begun).toEqual([0, 1, 2]);
	for (const { resolve } of work) resolve();
	await settled;
	expect(begun).toEqual([0, 1, 2, 3, 4]);
	expect(await turns.run(async () => "free")).toBe("free");
});
