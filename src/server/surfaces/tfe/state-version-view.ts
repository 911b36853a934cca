/** A state version as the wire shows it. */

import type { Version } from "../../../core/unit/record.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import type { Resource } from "./document.ts";
import { basePath, type Exchange, originOf } from "./exchange.ts";
import {
	nameOfVersion,
	plainVersionName,
	type StateVersionName,
	stateVersionId,
	userId,
} from "./ids.ts";
import type { ContentSummary } from "./resources.ts";
import { workspaceId } from "./unit-of.ts";

export interface UploadUrls {
	readonly state: string;
	readonly json: string;
}

type Status =
	| "pending"
	| "finalized"
	| "backing_data_soft_deleted"
	| "backing_data_permanently_deleted";

/** What is known of a version, stored or still awaited. */
interface Facts {
	readonly status: Status;
	readonly createdAt: string;
	readonly serial: number | null;
	readonly lineage: string | null;
	readonly sizeBytes: number;
	readonly terraformVersion: string | null;
	readonly author: string | null;
	readonly outputs: readonly Resource[] | null;
	/** Another one followed under the same lock. */
	readonly isSnapshot?: boolean | undefined;
	readonly content?: ContentSummary | undefined;
	/** The version whose content it has again. */
	readonly source?: StateVersionName | undefined;
}

function viewOf(
	exchange: Exchange,
	name: StateVersionName,
	facts: Facts,
	urls: UploadUrls | null,
): Resource {
	const { organization } = exchange;
	const id = stateVersionId(organization, name);
	const workspace = workspaceId(exchange, name.unit);
	const self = `/api/v2/state-versions/${id}`;
	const { outputs, author } = facts;
	const outputIds = outputs?.map((output) => ({ id: output.id, type: output.type }));
	return {
		id,
		type: "state-versions",
		attributes: {
			"created-at": facts.createdAt,
			"hosted-state-download-url": `${originOf(exchange)}${basePath}/state-versions/${id}/download`,
			"hosted-json-state-download-url": null,
			...(urls === null
				? {}
				: { "hosted-state-upload-url": urls.state, "hosted-json-state-upload-url": urls.json }),
			...facts.content,
			intermediate: facts.isSnapshot === true,
			lineage: facts.lineage ?? "",
			md5: name.md5,
			"resources-processed": facts.status === "finalized",
			...(facts.serial === null ? {} : { serial: facts.serial }),
			size: facts.sizeBytes,
			"state-version": 4,
			status: facts.status,
			"terraform-version": facts.terraformVersion ?? "",
			"vcs-commit-sha": null,
			"vcs-commit-url": null,
		},
		relationships: {
			run: { data: null },
			workspace: {
				data: { id: workspace, type: "workspaces" },
				links: { related: `/api/v2/workspaces/${workspace}` },
			},
			outputs: {
				...(outputIds === undefined ? {} : { data: outputIds }),
				links: { related: `${self}/outputs` },
			},
			...(facts.source === undefined
				? {}
				: {
						"rollback-state-version": {
							data: { id: stateVersionId(organization, facts.source), type: "state-versions" },
						},
					}),
			...(author === null
				? {}
				: { "created-by": { data: { id: userId({ id: author }), type: "users" } } }),
		},
		links: { self },
	};
}

function statusOf(row: { isAvailable?: boolean; isWithheld?: boolean }): Status {
	if (row.isWithheld === true) return "backing_data_soft_deleted";
	return row.isAvailable === false ? "backing_data_permanently_deleted" : "finalized";
}

/** A version that is stored. */
export function storedView(
	exchange: Exchange,
	unit: UnitSummary["id"],
	version: Version,
	more: {
		readonly isAvailable?: boolean;
		readonly isWithheld?: boolean;
		readonly isSnapshot?: boolean;
		readonly content?: ContentSummary;
		/** The version that it restored. */
		readonly source?: Version | undefined;
		readonly urls?: UploadUrls;
		readonly outputs?: readonly Resource[];
	} = {},
): Resource {
	const facts: Facts = {
		status: statusOf(more),
		createdAt: version.at,
		serial: version.serial,
		lineage: version.lineage,
		sizeBytes: version.sizeBytes,
		terraformVersion: version.terraformVersion,
		author: version.author,
		outputs: more.outputs ?? null,
		isSnapshot: more.isSnapshot,
		content: more.content,
		source: more.source === undefined ? undefined : nameOfVersion(unit, more.source),
	};
	return viewOf(exchange, nameOfVersion(unit, version), facts, more.urls ?? null);
}

/** The state of a unit without history: a plain object that nobody has written through us. */
export function plainView(
	exchange: Exchange,
	unit: UnitSummary,
	outputs: readonly Resource[] | null,
): Resource {
	const facts: Facts = {
		status: "finalized",
		createdAt: unit.updated,
		serial: null,
		lineage: null,
		sizeBytes: unit.sizeBytes,
		terraformVersion: null,
		author: null,
		outputs,
	};
	return viewOf(exchange, plainVersionName(unit.id), facts, null);
}

/** A version whose bytes have not come yet. */
export function pendingView(
	exchange: Exchange,
	name: StateVersionName,
	known: { readonly serial: number | null; readonly lineage: string | null },
	urls: UploadUrls | null,
): Resource {
	const facts: Facts = {
		status: "pending",
		createdAt: new Date(exchange.deps.clock.now()).toISOString(),
		serial: known.serial,
		lineage: known.lineage,
		sizeBytes: 0,
		terraformVersion: exchange.request.headers.get("terraform-version"),
		author: exchange.caller.principal.id,
		outputs: null,
	};
	return viewOf(exchange, name, facts, urls);
}
