/** Objects that are states: read, written, copied and deleted as the units that they are. */
import { DomainError, isDomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import { lockOfLogin } from "../../../core/lock/rules.ts";
import type { StreamBody } from "../../../core/ports/blob-store.ts";
import type { ReadState } from "../../../core/state/service.ts";
import type { Version } from "../../../core/unit/record.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { release } from "../../../lib/spent-chunks.ts";
import { type ByteSpan, isSameEtag, type WriteCondition } from "./conditions.ts";
import { noSuchKey, preconditionFailed } from "./errors.ts";
import type { S3Request } from "./request.ts";
import type { S3Deps } from "./service.ts";

/** A state as S3 describes an object. */
export interface StateObject {
	readonly sizeBytes: number;
	/** With its quotes: the MD5 of the content. */
	readonly etag: string;
	/** Ms since the epoch. */
	readonly modified: number;
	/** `null` for a plain state that nobody has taken over. */
	readonly versionId: string;
	/** Base64 SHA-256 of the whole; null when it is not known. */
	readonly sha256: string | null;
}

/** A version as an object. */
export function objectOfVersion(version: Version): StateObject {
	return {
		sizeBytes: version.sizeBytes,
		etag: `"${Buffer.from(version.md5, "base64").toString("hex")}"`,
		modified: Date.parse(version.at),
		versionId: version.number === 0 ? "null" : String(version.number),
		sha256: Buffer.from(version.sha256, "hex").toString("base64"),
	};
}

/** A unit's current state as an object; null when it has none, or an empty one. */
export function objectOfUnit(unit: UnitSummary): StateObject | null {
	// An empty object answered as one makes Terraform's reader loop for ever.
	if (unit.sizeBytes === 0) return null;
	if (unit.current !== null) return objectOfVersion(unit.current);
	if (unit.isAdopted) return null;
	const seed = `${unit.id}\n${unit.sizeBytes}\n${unit.updated}`;
	const digest = new Bun.CryptoHasher("md5").update(seed).digest("hex");
	return {
		sizeBytes: unit.sizeBytes,
		// The form of an uploaded-in-parts ETag: clients do not take it for the content's MD5.
		etag: `"${digest}-1"`,
		modified: Date.parse(unit.updated),
		versionId: "null",
		sha256: null,
	};
}

/** Describes a state without reading it. Fails with NoSuchKey, NoSuchVersion, `forbidden`. */
export async function describeState(
	deps: S3Deps,
	request: S3Request,
	id: UnitId,
	number: number | undefined,
): Promise<StateObject> {
	const { core } = deps;
	const limited = await core.outputs.limitedVersion(request.caller, id, optionsFor(number));
	if (limited !== null) return objectOfVersion(limited);
	if (number !== undefined) {
		const row = await core.states.version(request.caller, id, number);
		if (!row.isAvailable) {
			throw new DomainError("version_not_found", "the version's content was removed by retention");
		}
		return objectOfVersion(row.version);
	}
	const object = objectOfUnit(await core.units.get(request.caller, id));
	if (object === null) throw noSuchKey();
	return object;
}

function optionsFor(version: number | undefined) {
	return version === undefined ? {} : { version };
}

/** Opens a state. The body must be read or cancelled. Fails as `describeState`, and as StateService.read. */
export async function openState(
	deps: S3Deps,
	request: S3Request,
	id: UnitId,
	number: number | undefined,
): Promise<{ object: StateObject; body: ReadState["body"] }> {
	const { core } = deps;
	const read = await core.outputs.readState(request.caller, id, optionsFor(number));
	if (read.version !== null && read.sizeBytes > 0) {
		return { object: objectOfVersion(read.version), body: read.body };
	}
	try {
		return { object: await describeState(deps, request, id, undefined), body: read.body };
	} catch (error) {
		if (read.body instanceof ReadableStream) await read.body.cancel().catch(() => undefined);
		throw error;
	}
}

/**
 * Makes the bytes the unit's state, under the lock that the caller's login took here, if any.
 * Fails as StateService.write, and with PreconditionFailed.
 */
export async function writeState(
	deps: S3Deps,
	request: S3Request,
	id: UnitId,
	input: {
		readonly body: Uint8Array | StreamBody;
		readonly md5: string | null;
		readonly condition: WriteCondition;
	},
): Promise<StateObject> {
	const { core } = deps;
	const ifSha256 = await conditionHash(deps, request, id, input.condition);
	const written = await core.states.write(request.caller, id, {
		body: input.body,
		lockId: lockOfLogin,
		md5: input.md5,
		force: false,
		autoCreate: true,
		...(ifSha256 === undefined ? {} : { ifSha256 }),
	});
	return objectOfVersion(written.version);
}

/** The condition as the core knows it: the hash that the current state must have, null for none. */
async function conditionHash(
	deps: S3Deps,
	request: S3Request,
	id: UnitId,
	condition: WriteCondition,
): Promise<string | null | undefined> {
	if (condition.kind === "none") return undefined;
	if (condition.kind === "absent") return null;
	const object = await describeState(deps, request, id, undefined);
	if (!isSameEtag(condition.etag, object.etag)) {
		throw preconditionFailed("the state is not the one that If-Match names");
	}
	if (object.sha256 === null) {
		throw preconditionFailed("this state has no version yet; write it once without If-Match");
	}
	return Buffer.from(object.sha256, "base64").toString("hex");
}

/** Deletes the unit; one that is not there is deleted already. Fails as UnitService.delete. */
export async function deleteState(deps: S3Deps, request: S3Request, id: UnitId): Promise<void> {
	try {
		await deps.core.units.delete(request.caller, id, { force: false });
	} catch (error) {
		if (!isDomainError(error, "unit_not_found")) throw error;
	}
}

/**
 * A part of a body. Where the part ends before the body does, the rest is not read: the bytes of
 * such a part are those of the store. The part that reaches the end has the whole verified (I8).
 */
export async function sliceBody(
	body: ReadState["body"],
	span: ByteSpan,
	sizeBytes: number,
): Promise<Uint8Array | ReadableStream<Uint8Array>> {
	const end = span.last + 1;
	if (body instanceof Uint8Array) return body.subarray(span.first, end);
	const stream = cut(body, span.first, end, end >= sizeBytes);
	if (end - span.first > limits.rangeBufferedBytesMax) return stream;
	return await wholeOf(stream, end - span.first);
}

async function wholeOf(stream: ReadableStream<Uint8Array>, sizeBytes: number): Promise<Uint8Array> {
	const bytes = new Uint8Array(sizeBytes);
	let at = 0;
	for await (const chunk of stream) {
		bytes.set(chunk, at);
		at += chunk.length;
		release(chunk);
	}
	if (at !== bytes.length)
		throw new DomainError("storage_corrupt", "the stored state is cut short");
	return bytes;
}

function cut(
	source: ReadableStream<Uint8Array>,
	first: number,
	end: number,
	readsToEnd: boolean,
): ReadableStream<Uint8Array> {
	const reader = source.getReader();
	let offset = 0;
	return new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				for (;;) {
					if (offset >= end && !readsToEnd) {
						controller.close();
						await reader.cancel().catch(() => undefined);
						return;
					}
					const { done, value } = await reader.read();
					if (done) {
						controller.close();
						return;
					}
					const from = Math.max(first - offset, 0);
					const to = Math.min(end - offset, value.length);
					offset += value.length;
					if (from < to) {
						controller.enqueue(value.subarray(from, to));
						return;
					}
					release(value);
				}
			},
			async cancel(reason) {
				await reader.cancel(reason);
			},
		},
		{ highWaterMark: 0 },
	);
}
