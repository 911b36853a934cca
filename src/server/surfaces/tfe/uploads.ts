/**
 * Writing a state. First the version is announced, which gives two upload addresses; then the bytes
 * come, and only with them does the version exist and become current. Or the bytes stand in the
 * announcement itself. Either way the workspace's lock is demanded, and it is the core that writes.
 */
import type { Keyring } from "../../../auth/token/keyring.ts";
import { DomainError, isDomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import type { Organization } from "../../../core/organization/organization.ts";
import type { Caller, Principal } from "../../../core/principal.ts";
import { forceForbidden, regression } from "../../../core/state/rules.ts";
import type { Version } from "../../../core/unit/record.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { ownLockId } from "../../../core/workspace/workspace-lock.ts";
import { contentLength, readStateBody } from "../../shared/body.ts";
import { pacedReader } from "../../shared/paced-body.ts";
import type { RequestContext } from "../../shared/request-context.ts";
import type { SurfaceDeps } from "../../shared/surface-deps.ts";
import { type GivenResource, nothing, one, resourceIn } from "./document.ts";
import { errorDocument } from "./errors.ts";
import { basePath, type Exchange, originOf } from "./exchange.ts";
import {
	base64OfMd5,
	hexOfMd5,
	nameOfVersion,
	parseStateVersionId,
	type StateVersionName,
	splitId,
	stateVersionId,
} from "./ids.ts";
import { notePending } from "./pending.ts";
import { withSnapshots } from "./snapshots.ts";
import { pendingView, storedView, type UploadUrls } from "./state-version-view.ts";
import { unitOf } from "./unit-of.ts";
import { type Upload, UploadTokens } from "./upload-token.ts";

/** Where uploads go; the only addresses of this surface that need no Authorization. */
export const uploadPath = `${basePath}/uploads/`;

interface Announced {
	readonly serial: number;
	/** Hex. */
	readonly md5: string;
	/** null: the client did not say. */
	readonly lineage: string | null;
	readonly force: boolean;
	/** The state itself, base64; null: it is uploaded. */
	readonly state: string | null;
}

function bad(name: string, what: string): DomainError {
	return new DomainError("invalid_request", `the attribute ${name} is not ${what}`);
}

function announcedIn({ attributes }: GivenResource): Announced {
	const { serial, md5, lineage, force, state } = attributes;
	if (typeof serial !== "number" || !Number.isSafeInteger(serial) || serial < 0) {
		throw bad("serial", "a whole number");
	}
	if (typeof md5 !== "string" || !/^[0-9a-f]{32}$/i.test(md5)) throw bad("md5", "an MD5 in hex");
	if (lineage !== undefined && lineage !== null && typeof lineage !== "string") {
		throw bad("lineage", "a text");
	}
	if (state !== undefined && state !== null && typeof state !== "string") {
		throw bad("state", "a text in base64");
	}
	return {
		serial,
		md5: md5.toLowerCase(),
		lineage: lineage == null || lineage === "" ? null : lineage,
		force: force === true,
		state: state ?? null,
	};
}

/** Whether the announced bytes are the current ones, whatever else was announced of them. */
function isCurrent(version: Version | null, { md5 }: Announced): version is Version {
	return version !== null && hexOfMd5(version.md5) === md5;
}

/** Terraform's `state push -force` does not reach a server from a cloud block; another way does. */
function unforced(reason: string, id: UnitId, { name, isDefault }: Organization): DomainError {
	// Without its organization the command would replace the state of another unit.
	const unit = isDefault ? id : `--org ${name} ${id}`;
	return new DomainError("state_conflict", reason, {
		hint: `read the current state and apply again; to replace it on purpose, unlock the workspace and run \`taco unit push --force ${unit} FILE\``,
	});
}

/** Refuses early what the write would refuse when the bytes have come. */
async function checkFollows(
	{ caller, deps, organization }: Exchange,
	unit: UnitSummary,
	announced: Announced,
): Promise<void> {
	const { gate } = deps.core.parts;
	await gate.authorize(caller, "unit.write", unit.id);
	if (isCurrent(unit.current, announced)) return;
	const reason = regression(unit.current ?? undefined, announced);
	if (reason === null) return;
	if (!announced.force) throw unforced(reason, unit.id, organization);
	if (!(await gate.may(caller, "unit.force", unit.id))) throw forceForbidden();
}

export async function create(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = unitOf(exchange);
	exchange.context.allowSlow();
	const given = await resourceIn(exchange.request, "state-versions", limits.inlineStateBytesMax);
	const announced = announcedIn(given);
	const unit = await deps.core.units.get(caller, id);
	const lockId = ownLockId(unit.lock, caller, id);
	await checkFollows(exchange, unit, announced);
	if (announced.state !== null) return await writeInline(exchange, id, announced, lockId);
	return await announce(exchange, unit, announced, lockId);
}

async function writeInline(
	exchange: Exchange,
	id: UnitId,
	{ state, md5, force }: Announced,
	lockId: string,
): Promise<Response> {
	const { caller, deps } = exchange;
	if (state === null || !/^[A-Za-z0-9+/]*={0,2}$/.test(state)) throw bad("state", "base64");
	const body = Buffer.from(state, "base64");
	if (body.byteLength > deps.stateBytesMax) {
		throw new DomainError("too_large", "the state is too large", {
			details: { limitBytes: deps.stateBytesMax },
		});
	}
	const { version } = await deps.core.states.write(caller, id, {
		body: new Uint8Array(body),
		lockId,
		md5: base64OfMd5(md5),
		force,
		autoCreate: false,
	});
	return one(storedView(exchange, id, version), 201);
}

async function announce(
	exchange: Exchange,
	unit: UnitSummary,
	announced: Announced,
	lockId: string,
): Promise<Response> {
	const { deps } = exchange;
	const { current } = unit;
	const isRepeated = isCurrent(current, announced);
	const name: StateVersionName = isRepeated
		? nameOfVersion(unit.id, current)
		: { unit: unit.id, number: await nextNumber(exchange, unit), md5: announced.md5 };
	const urls = await uploadUrls(exchange, name, unit, announced, lockId);
	if (urls === null) {
		// Terraform takes exactly this text for "send the state in the request instead".
		return errorDocument(400, "param is missing or the value is empty: state", "");
	}
	if (isRepeated)
		return withSnapshots(one(storedView(exchange, unit.id, current, { urls }), 201), unit);
	notePending(deps.core, name, lockId, announced);
	return withSnapshots(one(pendingView(exchange, name, announced, urls), 201), unit);
}

/** The number that the version will have if nothing else is written under this lock. */
async function nextNumber({ caller, deps }: Exchange, unit: UnitSummary): Promise<number> {
	const seen = deps.core.parts.unitLog.lastSeen(unit.id)?.record;
	if (seen?.generation === unit.generation) return seen.state.versionCount + 1;
	const rows = await deps.core.states.versions(caller, unit.id);
	return (rows[0]?.version.number ?? 0) + 1;
}

async function uploadUrls(
	exchange: Exchange,
	name: StateVersionName,
	unit: UnitSummary,
	{ md5, force }: Announced,
	lockId: string,
): Promise<UploadUrls | null> {
	const { caller, deps, organization } = exchange;
	const tokens = await tokensOf(deps);
	const upload: Omit<Upload, "purpose"> = {
		stateVersion: stateVersionId(organization, name),
		md5,
		bytesMax: deps.stateBytesMax,
		lockId,
		force,
		replaces: unit.current?.sha256 ?? null,
		principal: caller.principal,
	};
	const state = tokens.seal({ ...upload, purpose: "state" });
	const json = tokens.seal({ ...upload, purpose: "json" });
	if (state === null || json === null) return null;
	const base = `${originOf(exchange)}${uploadPath}`;
	return { state: `${base}${state}`, json: `${base}${json}` };
}

const knownTokens = new WeakMap<Keyring, UploadTokens>();

async function tokensOf(deps: SurfaceDeps): Promise<UploadTokens> {
	const { keyring } = await deps.identities;
	const known = knownTokens.get(keyring);
	if (known !== undefined) return known;
	const made = new UploadTokens({ keyring, clock: deps.clock, random: deps.random });
	knownTokens.set(keyring, made);
	return made;
}

function refused(): DomainError {
	return new DomainError("forbidden", "the upload address is not valid", {
		hint: "it may have expired; announce the state version again",
	});
}

/**
 * What the principal is now that the address was given to: its rights may have changed since, and an
 * address ends with the token or login that asked for it. Fails with `forbidden`.
 */
async function stillCounting(deps: SurfaceDeps, principal: Principal): Promise<Principal> {
	const { authenticator } = await deps.identities;
	const renewed = await authenticator.renewPrincipal(principal);
	if (renewed !== null) return renewed;
	throw new DomainError("forbidden", "the login behind this upload address has ended", {
		hint: "log in again and announce the state version again",
	});
}

/** Takes an upload. The address is the credential; it is good for the announced bytes only. */
export async function takeUpload(
	request: Request,
	context: RequestContext,
	deps: SurfaceDeps,
): Promise<Response> {
	context.operation = "upload";
	context.allowSlow();
	const tokens = await tokensOf(deps);
	const upload = tokens.open(context.path.slice(uploadPath.length));
	if (upload === null || request.method !== "PUT") throw refused();
	const { organization, id } = splitId(upload.stateVersion);
	const name = parseStateVersionId(id);
	context.unitId = name.unit;
	const principal = await stillCounting(deps, upload.principal);
	context.principal = principal;
	if (upload.purpose === "json") {
		context.operation = "uploadJson";
		await drop(request, context, Math.min(upload.bytesMax, deps.stateBytesMax));
		return nothing(200);
	}
	const caller: Caller = {
		principal,
		surface: "tfe",
		requestId: context.requestId,
		address: context.clientAddress ?? undefined,
	};
	const { organizations } = deps;
	const where = organization ?? organizations.root.organization.name;
	return await organizations.use(caller, where, async ({ core }) => {
		context.organization = where;
		await writeUpload(request, { ...deps, core }, { caller, upload, name });
		return nothing(200);
	});
}

interface Arrival {
	readonly caller: Caller;
	readonly upload: Upload;
	readonly name: StateVersionName;
}

async function writeUpload(request: Request, deps: SurfaceDeps, arrival: Arrival): Promise<void> {
	const { caller, upload, name } = arrival;
	const { unit, number } = name;
	await checkUnused(deps, arrival);
	const body = await readStateBody(request, Math.min(upload.bytesMax, deps.stateBytesMax));
	try {
		await deps.core.states.write(caller, unit, {
			body,
			lockId: upload.lockId,
			md5: base64OfMd5(upload.md5),
			force: upload.force,
			autoCreate: false,
			...(upload.replaces === null ? {} : { ifSha256: upload.replaces }),
		});
	} catch (error) {
		if (!isDomainError(error, "lock_mismatch")) throw error;
		// The lock was given back after the first of two uploads of the same bytes.
		const rows = await deps.core.states.versions(caller, unit);
		const sizeBytes = contentLength(request);
		const isStored = rows.some(
			({ version }) =>
				version.number === number &&
				hexOfMd5(version.md5) === upload.md5 &&
				(sizeBytes === null || sizeBytes === version.sizeBytes),
		);
		if (!isStored) throw error;
	}
}

/** An upload that was to be the first state is not the second one, be it forced or not. */
async function checkUnused(deps: SurfaceDeps, { caller, upload, name }: Arrival): Promise<void> {
	if (upload.replaces !== null || !upload.force) return;
	const { current } = await deps.core.units.get(caller, name.unit);
	if (current === null || hexOfMd5(current.md5) === upload.md5) return;
	throw new DomainError("precondition_failed", "the state has changed since it was announced");
}

/** Reads a body to its end and keeps nothing of it. */
async function drop(request: Request, context: RequestContext, bytesMax: number): Promise<void> {
	const tooLarge = () =>
		new DomainError("too_large", "the upload is too large", { details: { limitBytes: bytesMax } });
	if ((contentLength(request) ?? 0) > bytesMax) throw tooLarge();
	if (request.body === null) return;
	const reader = pacedReader(request.body as ReadableStream<Uint8Array>, context.clock);
	let size = 0;
	for (let chunk = await reader.read(); chunk !== null; chunk = await reader.read()) {
		size += chunk.byteLength;
		if (size <= bytesMax) continue;
		void reader.cancel().catch(() => undefined);
		throw tooLarge();
	}
}
