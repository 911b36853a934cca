import { expect, test } from "bun:test";
import { checkWriteLock, isOfLogin, lockOfLogin } from "../../../../src/core/lock/rules.ts";
import type { Caller, Surface } from "../../../../src/core/principal.ts";
import { locked, newUnit } from "../../../../src/core/unit/changes.ts";
import type { Lock } from "../../../../src/core/unit/record.ts";

function caller(id: string, loginId: string, surface: Surface = "s3"): Caller {
	return {
		principal: { id, loginId, credentialKind: "s3-credentials" },
		surface,
		requestId: "r",
	};
}

function lockOf({ principal, surface }: Caller): Lock {
	return {
		info: { ID: "lock-1" },
		principal: principal.id,
		loginId: principal.loginId,
		surface,
		since: "2026-01-02T03:04:05Z",
		generation: 1,
	};
}

const alice = caller("alice", "login-1");
const others: [string, Caller][] = [
	["another person", caller("bob", "login-1")],
	["another login of the same person", caller("alice", "login-2")],
	["the same login on the HTTP backend", caller("alice", "login-1", "http-backend")],
	["the same login on the management API", caller("alice", "login-1", "management")],
	["somebody outside", caller("outside", "outside", "outside")],
];

function write(lock: Lock | null, who: Caller): void {
	const unit = newUnit("2026-01-02T03:04:05Z");
	checkWriteLock(lock === null ? unit : locked(unit, lock), lockOfLogin, who);
}

test("nobody holds the lock", () => {
	write(null, alice);
	checkWriteLock(null, lockOfLogin, alice);
});

test("the login's own lock", () => {
	expect(isOfLogin(lockOf(alice), alice)).toBe(true);
	write(lockOf(alice), alice);
});

for (const [name, other] of others) {
	test(`a lock of ${name}`, () => {
		expect(isOfLogin(lockOf(other), alice)).toBe(false);
		expect(() => write(lockOf(other), alice)).toThrow(
			expect.objectContaining({ code: "locked", details: { lock: lockOf(other) } }),
		);
	});
}

test("a claim by id is judged as before: holding it is a matter of its id and person", () => {
	const unit = locked(newUnit("2026-01-02T03:04:05Z"), lockOf(alice));
	checkWriteLock(unit, "lock-1", alice);
	for (const claim of [null, "lock-2"]) {
		expect(() => checkWriteLock(unit, claim, alice)).toThrow(
			expect.objectContaining({ code: "locked" }),
		);
	}
});
