/** A shared document that could not be read again is never written. */
import { expect, test } from "bun:test";
import { limits } from "../../../src/core/limits.ts";
import type { Grant } from "../../../src/core/rbac/grant.ts";
import { Register } from "../../../src/core/register/register.ts";
import { systemClock, systemRandom } from "../../../src/server/machine.ts";
import { MemoryStore } from "../../../src/storage/memory.ts";

const grant = {
	caller: {
		principal: { id: "admin", credentialKind: "admin-token", loginId: "admin" },
		surface: "management",
		requestId: "test",
	},
} as unknown as Grant;

test("a record larger than a read may be is refused, and the register lives on", async () => {
	const store = new MemoryStore(systemClock);
	const register = new Register<string>(
		{
			store,
			clock: systemClock,
			random: systemRandom,
			headAgeMaxMs: limits.headAgeMaxMs,
			actDeadlineMs: limits.actDeadlineMs,
		},
		"texts",
		(value) => value as string,
	);
	const write = (value: string) =>
		register.update(grant, () => ({ operation: "write", value, result: null }));
	await write("small");
	await expect(write("x".repeat(limits.wholeReadBytesMax))).rejects.toMatchObject({
		code: "too_large",
	});
	expect(await register.read()).toEqual({ value: "small", generation: 1 });
	await write("small again");
	expect((await register.read()).value).toBe("small again");
});
