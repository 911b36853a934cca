/** What a version is made of, and the answer for one that is not there. */
import { DomainError } from "../errors.ts";
import type { Caller } from "../principal.ts";
import type { UnitState, Version, VersionCause } from "../unit/record.ts";
import type { StoredBody } from "./body-store.ts";

/** The version that a stored body becomes. */
export function makeVersion(
	state: UnitState,
	generation: number,
	body: StoredBody,
	context: { readonly caller: Caller; readonly at: string },
	origin: { readonly cause: VersionCause; readonly restoredFrom: number | null },
): Version {
	const { facts } = body;
	const info = state.lock?.info;
	const text = (value: unknown) => (typeof value === "string" ? value : "");
	return {
		number: state.versionCount + 1,
		generation: generation + 1,
		life: state.life,
		cause: origin.cause,
		serial: facts.serial,
		lineage: facts.lineage,
		terraformVersion: facts.terraformVersion,
		encrypted: facts.encrypted,
		sizeBytes: facts.sizeBytes,
		sha256: facts.sha256,
		md5: facts.md5,
		serialAt: facts.serialAt,
		body: body.key,
		encoding: "plain",
		author: context.caller.principal.id,
		credentialKind: context.caller.principal.credentialKind,
		surface: context.caller.surface,
		at: context.at,
		lock:
			info === undefined
				? null
				: { id: info.ID, who: text(info.Who), operation: text(info.Operation) },
		restoredFrom: origin.restoredFrom,
	};
}

/** `version_not_found`. */
export function versionNotFound(): DomainError {
	return new DomainError("version_not_found", "the unit has no such version", {
		hint: "list them with `taco unit versions <id>`",
	});
}
