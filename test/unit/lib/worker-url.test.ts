import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { workerUrl } from "../../../src/lib/worker-url.ts";

test("the address is absolute and below src, wherever the program is started", () => {
	const path = fileURLToPath(workerUrl("core/state/any.worker.ts"));
	const source = fileURLToPath(new URL("../../../src", import.meta.url));
	expect(path).toBe(`${source}/core/state/any.worker.ts`);
});
