/**
 * The ids of this surface. Each tells the organization that it is of: one of 16 letters and digits by
 * its first ones, any other by its name, `team-.acme.owners`, which ids of the default organization
 * lack. No name of an organization holds a dot, and no key behind a kind begins with one.
 *
 * Handlers see ids without such names; what they give out goes through `fullId` or one of its
 * relatives, and what stands in a body through `localId`.
 */
import { createHash } from "node:crypto";
import { DomainError, isDomainError } from "../../../core/errors.ts";
import { idHeadIn } from "../../../core/organization/id.ts";
import type { Organization } from "../../../core/organization/organization.ts";
import type { Principal } from "../../../core/principal.ts";
import type { Version } from "../../../core/unit/record.ts";
import { decodeUnitSegment, encodeUnitId, type UnitId } from "../../../core/unit/unit-id.ts";

export function absent(): DomainError {
	return new DomainError("not_found", "there is no such thing");
}

/** An id with its organization apart; null: it names none, which means the default one. */
export function splitId(text: string): { organization: string | null; id: string } {
	const match = /^([a-z]+)-\.([A-Za-z0-9_-]+)\.(.*)$/s.exec(text);
	if (match === null) return { organization: null, id: text };
	return { organization: match[2] ?? "", id: `${match[1]}-${match[3]}` };
}

/** The id as clients see it, of an id as it is inside of the organization. */
export function fullId({ name, isDefault, idHead }: Organization, id: string): string {
	const at = id.indexOf("-") + 1;
	return isDefault || idHeadIn(id) === idHead ? id : `${id.slice(0, at)}.${name}.${id.slice(at)}`;
}

/** `prj-…`, `team-…` and the like: the kind is letters, the key has no dot at its beginning. */
export function resourceId(organization: Organization, kind: string, key: string): string {
	return fullId(organization, `${kind}-${key}`);
}

/** An id of a body as it is inside of the organization. Fails with `not_found` for another one's. */
export function localId(organization: Organization, text: string): string {
	const { id } = splitId(text);
	// Each thing has one id.
	if (fullId(organization, id) !== text) throw absent();
	return id;
}

/** The unit behind a workspace's name. Fails with `not_found`: what cannot be a name names nothing. */
export function unitNamed(name: string): UnitId {
	try {
		return decodeUnitSegment(name);
	} catch (error) {
		if (!isDomainError(error, "invalid_unit_id")) throw error;
		throw absent();
	}
}

/** `myapp/prod` is the workspace `myapp__prod`. */
export function workspaceName(id: UnitId): string {
	return encodeUnitId(id);
}

/** A state version: its number in the unit's history, and which content it has. */
export interface StateVersionName {
	readonly unit: UnitId;
	/** 0: the state of a unit that has no history yet. */
	readonly number: number;
	/** Hex. */
	readonly md5: string;
}

const noMd5 = "0".repeat(32);

export function plainVersionName(unit: UnitId): StateVersionName {
	return { unit, number: 0, md5: noMd5 };
}

export function nameOfVersion(unit: UnitId, version: Version): StateVersionName {
	return { unit, number: version.number, md5: hexOfMd5(version.md5) };
}

export function hexOfMd5(base64: string): string {
	return Buffer.from(base64, "base64").toString("hex");
}

export function base64OfMd5(hex: string): string {
	return Buffer.from(hex, "hex").toString("base64");
}

export function stateVersionId(
	organization: Organization,
	{ unit, number, md5 }: StateVersionName,
): string {
	return resourceId(organization, "sv", versionKey({ unit, number, md5 }));
}

function versionKey({ unit, number, md5 }: StateVersionName): string {
	return `${encodeUnitId(unit)}-${number}-${md5}`;
}

/** Fails with `not_found`. */
export function parseStateVersionId(text: string): StateVersionName {
	const match = /^sv-(.+)-(0|[1-9][0-9]{0,8})-([0-9a-f]{32})$/.exec(text);
	if (match?.[1] === undefined || match[3] === undefined) throw absent();
	return { unit: unitNamed(match[1]), number: Number(match[2]), md5: match[3] };
}

export function outputId(
	organization: Organization,
	version: StateVersionName,
	name: string,
): string {
	const hex = Buffer.from(name).toString("hex");
	return resourceId(organization, "wsout", `${versionKey(version)}-${hex}`);
}

/** Fails with `not_found`. */
export function parseOutputId(text: string): { version: StateVersionName; name: string } {
	const match = /^wsout-(.+)-([0-9a-f]{2,2048})$/.exec(text);
	if (match?.[1] === undefined || match[2] === undefined) throw absent();
	return {
		version: parseStateVersionId(`sv-${match[1]}`),
		name: Buffer.from(match[2], "hex").toString("utf8"),
	};
}

/** A principal as a user: the same one always has the same id. */
export function userId(principal: Pick<Principal, "id">): string {
	return `user-${createHash("sha256").update(principal.id).digest("hex").slice(0, 16)}`;
}
