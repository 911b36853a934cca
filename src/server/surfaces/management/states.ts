/** States over `/v1`: download, upload, versions and restore. */
import {
	Restored,
	RestoreRequest,
	Uploaded,
	VersionList,
	VersionView,
} from "../../../api/units.ts";
import { DomainError } from "../../../core/errors.ts";
import { contentMd5, readStateBody } from "../../shared/body.ts";
import { contentTag, ifContent } from "../../shared/preconditions.ts";
import { stateResponse } from "../../shared/state-response.ts";
import type { Operation, UnitExchange, UnitOperation } from "./operation.ts";
import { readCount, readFlag, readJson } from "./operation.ts";
import { versionView } from "./views.ts";

async function download(exchange: UnitExchange, version: number | undefined): Promise<Response> {
	const { request, caller, context, id, deps } = exchange;
	context.allowSlow();
	const options = version === undefined ? {} : { version };
	return await stateResponse(request, await deps.core.outputs.readState(caller, id, options));
}

const ifNoneMatch = {
	name: "If-None-Match",
	description: "The state's ETag: 304 when it is still the same",
	schema: { type: "string" },
};

const downloadState: UnitOperation = {
	scope: "unit",
	id: "downloadState",
	method: "GET",
	path: "/v1/units/:id/download",
	tag: "States",
	summary: "The state, byte for byte; the ETag is its SHA-256",
	query: [
		{
			name: "version",
			description: "A version's number instead of the current one",
			schema: { type: "integer", minimum: 1 },
		},
	],
	headers: [ifNoneMatch],
	success: { status: 200, schema: "state" },
	failures: [404],
	handle: (exchange) => download(exchange, readCount(exchange.context.query, "version")),
};

const uploadState: UnitOperation = {
	scope: "unit",
	id: "uploadState",
	method: "POST",
	path: "/v1/units/:id/upload",
	tag: "States",
	summary: "Make these bytes the state",
	query: [
		{
			name: "if_locked_by",
			description: "The id of the lock under which the caller writes; needed while it is locked",
			schema: { type: "string" },
		},
		{
			name: "force",
			description: "Take a lower serial or another lineage; a permission of its own",
			schema: { type: "boolean", default: false },
		},
	],
	headers: [
		{
			name: "If-Match",
			description: "The ETag of the current state: write only if it is still that",
			schema: { type: "string" },
		},
		{
			name: "Content-MD5",
			description: "Base64 MD5 of the body, which is checked",
			schema: { type: "string" },
		},
	],
	body: { schema: "state" },
	success: { status: 200, schema: Uploaded },
	failures: [400, 404, 409, 411, 412, 413],
	async handle({ request, caller, context, id, deps }) {
		context.allowSlow();
		const { query } = context;
		const ifSha256 = ifContent(request);
		const force = readFlag(query, "force");
		const md5 = contentMd5(request);
		const { version, isUnchanged } = await deps.core.states.write(caller, id, {
			body: await readStateBody(request, deps.stateBytesMax),
			lockId: query.get("if_locked_by") || null,
			md5,
			force,
			autoCreate: false,
			...(ifSha256 === undefined ? {} : { ifSha256 }),
		});
		const uploaded: Uploaded = {
			message: "Unit uploaded successfully",
			version: version.number,
			unchanged: isUnchanged,
		};
		return Response.json(uploaded, { headers: { etag: contentTag(version.sha256) } });
	},
};

const listVersions: UnitOperation = {
	scope: "unit",
	id: "listVersions",
	method: "GET",
	path: "/v1/units/:id/versions",
	tag: "Versions",
	summary: "The versions of the state, newest first",
	success: { status: 200, schema: VersionList },
	failures: [404],
	async handle({ caller, id, deps }) {
		const rows = await deps.core.states.versions(caller, id);
		const list: VersionList = {
			unit_id: id,
			versions: rows.map(versionView),
			count: rows.length,
		};
		return Response.json(list);
	},
};

const getVersion: UnitOperation = {
	scope: "unit",
	id: "getVersion",
	method: "GET",
	path: "/v1/units/:id/versions/:version",
	tag: "Versions",
	summary: "One version",
	success: { status: 200, schema: VersionView },
	failures: [404],
	async handle({ caller, id, version, deps }) {
		return Response.json(versionView(await deps.core.states.version(caller, id, version)));
	},
};

const downloadVersion: UnitOperation = {
	scope: "unit",
	id: "downloadVersion",
	method: "GET",
	path: "/v1/units/:id/versions/:version/download",
	tag: "Versions",
	summary: "A version's bytes",
	headers: [ifNoneMatch],
	success: { status: 200, schema: "state" },
	failures: [404],
	handle: (exchange) => download(exchange, exchange.version),
};

const restoreVersion: UnitOperation = {
	scope: "unit",
	id: "restoreVersion",
	method: "POST",
	path: "/v1/units/:id/restore",
	tag: "Versions",
	summary: "Make an earlier version's content current again, under a higher serial",
	body: { schema: RestoreRequest },
	success: { status: 200, schema: Restored },
	failures: [400, 404, 409],
	async handle({ request, caller, context, id, deps }) {
		context.allowSlow();
		const input = await readJson(request, RestoreRequest);
		if ((input.version === undefined) === (input.timestamp === undefined)) {
			throw new DomainError("invalid_request", "name either `version` or `timestamp`");
		}
		const preview = input.preview ?? false;
		const restored = await deps.core.states.restore(caller, id, {
			...(input.version === undefined ? {} : { number: input.version }),
			...(input.timestamp === undefined ? {} : { timestamp: input.timestamp }),
			lockId: input.lock_id || null,
			preview,
		});
		const view: Restored = {
			unit_id: id,
			restored_version: restored.source.number,
			restored_timestamp: restored.source.at,
			version: restored.version?.number ?? null,
			serial: restored.serial,
			previous_serial: restored.previousSerial,
			size: restored.sizeBytes,
			verbatim: restored.isVerbatim,
			preview,
			message: messageOf(preview, restored.version !== null),
		};
		return Response.json(view);
	},
};

function messageOf(isPreview: boolean, isNew: boolean): string {
	if (isPreview) return "Nothing was changed";
	return isNew ? "Version restored" : "The unit has this content already";
}

export const stateOperations: readonly Operation[] = [
	downloadState,
	uploadState,
	listVersions,
	getVersion,
	downloadVersion,
	restoreVersion,
];
