/** Locks over `/v1`: taken with an id, released with it, broken by whoever may. */
import {
	ForceUnlocked,
	ForceUnlockRequest,
	LockRequest,
	LockView,
	Message,
	UnlockRequest,
} from "../../../api/units.ts";
import { randomUuid } from "../../../core/ports/random.ts";
import { lockView } from "../../shared/lock-view.ts";
import type { Operation, UnitExchange, UnitOperation } from "./operation.ts";
import { readJson } from "./operation.ts";

const lockUnit: UnitOperation = {
	scope: "unit",
	id: "lockUnit",
	method: "POST",
	path: "/v1/units/:id/lock",
	tag: "Locks",
	summary: "Take the unit's lock; the same id again is a success",
	body: { schema: LockRequest, isOptional: true },
	success: { status: 200, schema: LockView },
	failures: [400, 404, 409],
	async handle({ request, caller, id, deps }) {
		const input = await readJson(request, LockRequest, { isOptional: true });
		const info = {
			ID: input.id ?? randomUuid(deps.random),
			Operation: input.operation ?? "",
			Info: input.info ?? "",
			Who: input.who ?? "",
			Version: input.version ?? "",
			Created: new Date(deps.clock.now()).toISOString(),
			Path: "",
		};
		const lock = await deps.core.locks.lock(caller, id, info, { autoCreate: false });
		return Response.json(lockView(lock));
	},
};

async function unlock({ request, caller, id, deps }: UnitExchange): Promise<Response> {
	const input = await readJson(request, UnlockRequest);
	await deps.core.locks.unlock(caller, id, input.id);
	const message: Message = { message: "Unit unlocked successfully" };
	return Response.json(message);
}

const unlockDocs = {
	scope: "unit",
	path: "/v1/units/:id/unlock",
	tag: "Locks",
	body: { schema: UnlockRequest },
	success: { status: 200, schema: Message },
	failures: [400, 404, 409],
	handle: unlock,
} as const;

const unlockUnit: UnitOperation = {
	...unlockDocs,
	id: "unlockUnit",
	method: "DELETE",
	summary: "Release the lock that the caller holds; again is a success",
};

const unlockUnitByPost: UnitOperation = {
	...unlockDocs,
	id: "unlockUnitByPost",
	method: "POST",
	summary: "The same for clients that cannot send a body with DELETE",
};

const forceUnlockUnit: UnitOperation = {
	scope: "unit",
	id: "forceUnlockUnit",
	method: "POST",
	path: "/v1/units/:id/force-unlock",
	tag: "Locks",
	summary: "Break the lock, whoever holds it; a permission of its own",
	body: { schema: ForceUnlockRequest, isOptional: true },
	success: { status: 200, schema: ForceUnlocked },
	failures: [400, 404, 409],
	async handle({ request, caller, id, deps }) {
		const input = await readJson(request, ForceUnlockRequest, { isOptional: true });
		const lock = await deps.core.locks.forceUnlock(caller, id, input.id);
		const result: ForceUnlocked =
			lock === null
				? { message: "The unit was not locked" }
				: { message: "The lock was broken", lock: lockView(lock) };
		return Response.json(result);
	},
};

export const lockOperations: readonly Operation[] = [
	lockUnit,
	unlockUnit,
	unlockUnitByPost,
	forceUnlockUnit,
];
