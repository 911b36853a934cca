/** State versions: read, listed, downloaded and rolled back to. */
import { DomainError, isDomainError } from "../../../core/errors.ts";
import type { VersionRow } from "../../../core/state/service.ts";
import type { Version } from "../../../core/unit/record.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { ownLockId } from "../../../core/workspace/workspace-lock.ts";
import { stateResponse } from "../../shared/state-response.ts";
import { list, one, pageIn, type Resource, relatedId, resourceIn } from "./document.ts";
import { type Exchange, param, type Route } from "./exchange.ts";
import {
	base64OfMd5,
	hexOfMd5,
	localId,
	parseStateVersionId,
	type StateVersionName,
	unitNamed,
} from "./ids.ts";
import { hasContent, outputResources } from "./outputs.ts";
import { pendingView, plainView, storedView } from "./state-version-view.ts";
import { create } from "./uploads.ts";
import { unitOf } from "./workspaces.ts";

function isWithOutputs({ query }: Exchange["context"]): boolean {
	return (query.get("include") ?? "").split(",").includes("outputs");
}

/** 404 is how clients are told that there is no state yet. */
function noState(): DomainError {
	return new DomainError("no_state", "the workspace has no state yet");
}

async function current(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = unitOf(exchange);
	const unit = await deps.core.units.get(caller, id);
	if (unit.current === null) {
		if (unit.isAdopted) throw noState();
		return await shown(exchange, unit, null);
	}
	return await shown(exchange, unit, unit.current);
}

async function shown(
	exchange: Exchange,
	unit: UnitSummary,
	version: Version | null,
	isAvailable = true,
): Promise<Response> {
	const outputs =
		isWithOutputs(exchange.context) && isAvailable
			? await outputResources(exchange, unit.id, version)
			: null;
	const view =
		version === null
			? plainView(exchange, unit, outputs)
			: storedView(exchange, unit.id, version, {
					isAvailable,
					...(outputs === null ? {} : { outputs }),
				});
	return one(view, 200, outputs ?? []);
}

/**
 * The stored version that an id names. Its number was foretold when the upload was allowed; when
 * another write came between, its content stands under another number.
 */
async function find(exchange: Exchange, name: StateVersionName): Promise<VersionRow | null> {
	const { caller, deps } = exchange;
	const rows = await deps.core.states.versions(caller, name.unit);
	const isSame = (row: VersionRow) => hasContent(row, name);
	const exact = rows.find((row) => row.version.number === name.number && isSame(row));
	return exact ?? rows.find((row) => row.version.number > name.number && isSame(row)) ?? null;
}

function absent(): DomainError {
	return new DomainError("version_not_found", "there is no such state version");
}

async function show(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const name = parseStateVersionId(param(exchange, "version"));
	context.unitId = name.unit;
	const unit = await deps.core.units.get(caller, name.unit);
	if (name.number === 0) {
		if (unit.isAdopted) throw absent();
		return await shown(exchange, unit, null);
	}
	// What was just uploaded is current, as a rule.
	const { current: newest } = unit;
	if (newest?.number === name.number && hexOfMd5(newest.md5) === name.md5) {
		return await shown(exchange, unit, newest);
	}
	const found = await find(exchange, name);
	if (found !== null) return await shown(exchange, unit, found.version, found.isAvailable);
	const newestNumber = (await deps.core.states.versions(caller, name.unit))[0]?.version.number ?? 0;
	if (unit.lock === null || name.number <= newestNumber) throw absent();
	return one(pendingView(exchange, name, { serial: null, lineage: null }, null));
}

async function download(exchange: Exchange): Promise<Response> {
	const { caller, deps, context, request } = exchange;
	const name = parseStateVersionId(param(exchange, "version"));
	context.unitId = name.unit;
	context.allowSlow();
	if (name.number === 0) {
		const { isAdopted } = await deps.core.units.get(caller, name.unit);
		if (isAdopted) throw absent();
		return await stateResponse(request, await deps.core.states.read(caller, name.unit));
	}
	const shownAs = base64OfMd5(name.md5);
	const read = await deps.core.states
		.read(caller, name.unit, { version: name.number, shownAs })
		.catch((error: unknown) => {
			if (isDomainError(error, "version_not_found")) return null;
			throw error;
		});
	if (read !== null && read.version !== null && hexOfMd5(read.version.md5) === name.md5) {
		return await stateResponse(request, read);
	}
	if (read?.body instanceof ReadableStream) await read.body.cancel();
	const found = await find(exchange, name);
	if (found === null) throw absent();
	const { number } = found.version;
	return await stateResponse(
		request,
		await deps.core.states.read(caller, name.unit, { version: number, shownAs }),
	);
}

async function listOf(exchange: Exchange, id: UnitId): Promise<Response> {
	const { caller, deps, context } = exchange;
	const status = context.query.get("filter[status]");
	const rows = await deps.core.states.versions(caller, id);
	const views: Resource[] = rows
		.map(({ version, isAvailable }) => storedView(exchange, id, version, { isAvailable }))
		.filter(({ attributes }) => status === null || attributes.status === status);
	const page = pageIn(context.query);
	const first = (page.number - 1) * page.size;
	return list(views.slice(first, first + page.size), page, views.length);
}

async function listInWorkspace(exchange: Exchange): Promise<Response> {
	return await listOf(exchange, unitOf(exchange));
}

async function listFiltered(exchange: Exchange): Promise<Response> {
	const { query } = exchange.context;
	const name = query.get("filter[workspace][name]");
	if (name === null) {
		throw new DomainError("invalid_request", "the filter names no workspace", {
			hint: "send filter[workspace][name] and filter[organization][name]",
		});
	}
	const id = unitNamed(name);
	exchange.context.unitId = id;
	return await listOf(exchange, id);
}

/** Makes an earlier version's content current again, under a higher serial and the caller's lock. */
async function rollback(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = unitOf(exchange);
	const given = await resourceIn(exchange.request, "state-versions");
	const wanted = relatedId(given, "rollback-state-version");
	if (wanted === null) {
		throw new DomainError("invalid_request", "the document names no version to go back to");
	}
	const name = parseStateVersionId(localId(exchange.organization, wanted));
	if (name.unit !== id) throw absent();
	const unit = await deps.core.units.get(caller, id);
	const lockId = ownLockId(unit.lock, caller, id);
	const found = await find(exchange, name);
	if (found === null) throw absent();
	const { version } = await deps.core.states.restore(caller, id, {
		number: found.version.number,
		lockId,
		preview: false,
	});
	return one(storedView(exchange, id, version ?? found.version));
}

const ofWorkspace = "/workspaces/:workspace";

export const stateVersionRoutes: readonly Route[] = [
	{
		method: "GET",
		path: `${ofWorkspace}/current-state-version`,
		operation: "showCurrentStateVersion",
		handle: current,
	},
	{
		method: "GET",
		path: `${ofWorkspace}/state-versions`,
		operation: "listStateVersions",
		handle: listInWorkspace,
	},
	{
		method: "POST",
		path: `${ofWorkspace}/state-versions`,
		operation: "createStateVersion",
		handle: create,
	},
	{
		method: "PATCH",
		path: `${ofWorkspace}/state-versions`,
		operation: "rollbackStateVersion",
		handle: rollback,
	},
	{ method: "GET", path: "/state-versions", operation: "listStateVersions", handle: listFiltered },
	{
		method: "GET",
		path: "/state-versions/:version",
		operation: "showStateVersion",
		handle: show,
	},
	{
		method: "GET",
		path: "/state-versions/:version/download",
		operation: "downloadStateVersion",
		handle: download,
	},
];
