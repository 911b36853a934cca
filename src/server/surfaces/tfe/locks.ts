/**
 * Locks of workspaces. The protocol sends a reason and nothing else; who holds the lock is who is
 * logged in. A second run with the same token waits like anybody else's: nothing tells it from the
 * first.
 */
import { isDomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import { describeHolder } from "../../../core/lock/rules.ts";
import { randomId } from "../../../core/ports/random.ts";
import { teamOfSubject } from "../../../core/team/model.ts";
import type { Lock, LockInfo } from "../../../core/unit/record.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { isOwnLock, lockIdPrefix } from "../../../core/workspace/workspace-lock.ts";
import { safeText } from "../../../lib/safe-text.ts";
import { readBody } from "../../shared/body.ts";
import { isLock } from "../../shared/lock-view.ts";
import { actionTextIn, one } from "./document.ts";
import { errorDocument, TfeRefusal } from "./errors.ts";
import type { Exchange, Route } from "./exchange.ts";
import { workspaceName } from "./ids.ts";
import { isPending } from "./pending.ts";
import { unitOf } from "./unit-of.ts";
import { workspaceView } from "./workspace-view.ts";

function lockInfo(
	{ caller, request, deps, organization }: Exchange,
	id: UnitId,
	reason: string,
): LockInfo {
	const { principal } = caller;
	return {
		ID: `${lockIdPrefix(caller, id)}${randomId(deps.random)}`,
		Operation: "cloud",
		Info: reason,
		Who: principal.email ?? principal.id,
		Version: (request.headers.get("terraform-version") ?? "").slice(0, limits.nameBytesMax),
		Created: new Date(deps.clock.now()).toISOString(),
		Path: `${organization.name}/${workspaceName(id)}`,
	};
}

/** 409 whose detail names the holder: only this status makes `-lock-timeout` wait. */
function conflict(text: string, lock: Lock | null): Response {
	const holder =
		lock === null ? "" : ` (${describeHolder(lock)}; lock id ${safeText(lock.info.ID)})`;
	return errorDocument(409, "conflict", `${text}${holder}`);
}

async function shown(exchange: Exchange, id: UnitId): Promise<Response> {
	const { caller, deps } = exchange;
	return one(await workspaceView(exchange, await deps.core.workspaces.get(caller, id)));
}

async function lock(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = unitOf(exchange);
	const reason = await actionTextIn(exchange.request, "reason");
	try {
		await deps.core.locks.lock(caller, id, lockInfo(exchange, id, reason), { autoCreate: false });
	} catch (error) {
		if (!isDomainError(error, "locked")) throw error;
		const holder = error.details.lock;
		return conflict("the workspace is already locked", isLock(holder) ? holder : null);
	}
	return await shown(exchange, id);
}

/** The bodies of unlocks are empty; whatever is there is read and dropped. */
async function dropBody({ request }: Exchange): Promise<void> {
	await readBody(request, limits.jsonBodyBytesMax, "the document");
}

async function unlock(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = unitOf(exchange);
	await dropBody(exchange);
	// Who may not lock here learns nothing of who does.
	await deps.core.parts.gate.authorize(caller, "unit.lock", id);
	const unit = await deps.core.units.get(caller, id);
	const held = unit.lock;
	if (held === null) return await unlockedAlready(exchange, id);
	if (!isOwnLock(held, caller, id)) {
		// Clients know the holder's kind by these words.
		const kind = teamOfSubject(held.principal) === null ? "User" : "Team";
		return conflict(`the workspace is locked by ${kind}`, held);
	}
	if (isPending(deps.core, unit)) {
		// Clients know this text, and ask again.
		throw new TfeRefusal(
			422,
			"unprocessable entity",
			"the latest state version is still pending; upload it, or break the lock",
		);
	}
	await deps.core.locks.unlock(caller, id, held.info.ID);
	return await shown(exchange, id);
}

/** A repeated request, whose first answer was lost, is a success; any other is not. */
async function unlockedAlready(exchange: Exchange, id: UnitId): Promise<Response> {
	const { caller, deps } = exchange;
	const released = deps.core.parts.unitLog.lastSeen(id)?.record?.state.released.at(-1);
	const isRepeated = released?.startsWith(lockIdPrefix(caller, id)) === true;
	return isRepeated
		? await shown(exchange, id)
		: conflict("the workspace is already unlocked", null);
}

async function forceUnlock(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = unitOf(exchange);
	await dropBody(exchange);
	const broken = await deps.core.locks.forceUnlock(caller, id);
	return broken === null
		? conflict("the workspace is already unlocked", null)
		: await shown(exchange, id);
}

const actions = "/workspaces/:workspace/actions";

export const lockRoutes: readonly Route[] = [
	{ method: "POST", path: `${actions}/lock`, operation: "lockWorkspace", handle: lock },
	{ method: "POST", path: `${actions}/unlock`, operation: "unlockWorkspace", handle: unlock },
	{
		method: "POST",
		path: `${actions}/force-unlock`,
		operation: "forceUnlockWorkspace",
		handle: forceUnlock,
	},
];
