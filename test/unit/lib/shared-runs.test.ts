import { expect, test } from "bun:test";
import { SharedRuns } from "../../../src/lib/shared-runs.ts";

function controlled() {
	const begun: PromiseWithResolvers<number>[] = [];
	const runs = new SharedRuns(() => {
		const run = Promise.withResolvers<number>();
		begun.push(run);
		return run.promise;
	});
	/** Until nothing more happens by itself. */
	const settled = async () => {
		for (let at = 0; at < 10; at++) await Promise.resolve();
	};
	return { runs, begun, settled };
}

test("who comes while work runs shares the next run, which waits for it", async () => {
	const { runs, begun, settled } = controlled();
	const first = [runs.run(), runs.run()];
	await settled();
	const second = [runs.run(), runs.run()];
	await settled();
	expect(begun).toHaveLength(1);
	begun[0]?.resolve(1);
	expect(await Promise.all(first)).toEqual([1, 1]);
	await settled();
	expect(begun).toHaveLength(2);
	begun[1]?.resolve(2);
	expect(await Promise.all(second)).toEqual([2, 2]);
});

test("a failure is that of those who waited for it, and of nobody after them", async () => {
	const { runs, begun, settled } = controlled();
	const first = runs.run().catch((error: Error) => error.message);
	await settled();
	const second = runs.run();
	begun[0]?.reject(new Error("no"));
	expect(await first).toBe("no");
	await settled();
	begun[1]?.resolve(2);
	expect(await second).toBe(2);
});
