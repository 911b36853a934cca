/** How the holder of a lock is named to those whom it stops. */
import { expect, test } from "bun:test";
import { describeHolder } from "../../../../src/core/lock/rules.ts";
import type { Lock } from "../../../../src/core/unit/record.ts";

const lock = (who: string | undefined): Lock => ({
	...{ principal: "alice@example.com", loginId: "login-1", surface: "tfe", generation: 1 },
	since: "2026-01-02T03:04:05Z",
	info: { ID: "l1", ...(who === undefined ? {} : { Who: who }) },
});

test("a holder is called by both names where they differ, and by one where they do not", () => {
	const rest = ", since 2026-01-02T03:04:05Z, over the cloud backend";
	expect(describeHolder(lock("alice@laptop"))).toBe(
		`held by alice@laptop as alice@example.com${rest}`,
	);
	for (const who of ["alice@example.com", "", undefined]) {
		expect(describeHolder(lock(who))).toBe(`held by alice@example.com${rest}`);
	}
});
