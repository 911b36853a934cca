/** State versions: read, listed, downloaded and rolled back to. */
import { DomainError, isDomainError } from "../../../core/errors.ts";
import type { VersionRow } from "../../../core/state/service.ts";
import type { ContentWish } from "../../../core/state/withholding.ts";
import type { Version } from "../../../core/unit/record.ts";
import type { UnitSummary } from "../../../core/unit/summary.ts";
import type { UnitId } from "../../../core/unit/unit-id.ts";
import { ownLockId } from "../../../core/workspace/workspace-lock.ts";
import { stateResponse } from "../../shared/state-response.ts";
import { cut, list, nothing, one, pageIn, relatedId, resourceIn } from "./document.ts";
import { presentTfeError } from "./errors.ts";
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
import { announcedAs } from "./pending.ts";
import { commaSeparated, includesIn } from "./query.ts";
import { type ContentSummary, contentSummary } from "./resources.ts";
import { snapshotsAmong, withSnapshots } from "./snapshots.ts";
import { pendingView, plainView, storedView } from "./state-version-view.ts";
import { unitOf } from "./unit-of.ts";
import { create } from "./uploads.ts";

const includes: ReadonlySet<string> = new Set([
	"created_by",
	"outputs",
	"run",
	"run.configuration_version",
	"run.created_by",
]);

/** 404 is how clients are told that there is no state yet. */
function noState({ request, context, deps }: Exchange): Response {
	const error = new DomainError("no_state", "the workspace has no state yet");
	return presentTfeError(error, request, context, deps.log);
}

async function current(exchange: Exchange): Promise<Response> {
	const { caller, deps } = exchange;
	const id = unitOf(exchange);
	const limited = await deps.core.outputs.limitedVersion(caller, id);
	if (limited !== null) return await shownLimited(exchange, id, limited);
	const unit = await deps.core.units.get(caller, id);
	// A first apply has nothing but this answer to learn from that snapshots are wanted.
	const isEmpty = unit.current === null && unit.isAdopted;
	const answer = isEmpty ? noState(exchange) : await shown(exchange, unit, unit.current);
	return withSnapshots(answer, unit);
}

async function shown(
	exchange: Exchange,
	unit: UnitSummary,
	version: Version | null,
	known: Partial<Omit<FoundVersion, "version">> = {},
): Promise<Response> {
	const isWithOutputs = includesIn(exchange.context.query, includes).has("outputs");
	const outputs =
		isWithOutputs && known.isAvailable !== false
			? await outputResources(exchange, unit.id, version)
			: null;
	const view =
		version === null
			? plainView(exchange, unit, outputs)
			: storedView(exchange, unit.id, version, {
					...known,
					...(outputs === null ? {} : { outputs }),
					...(await contentOf(exchange, unit.id, version, known.isAvailable ?? true)),
				});
	return one(view, 200, outputs ?? []);
}

/** The state of outputs that the caller gets in place of the whole. */
async function shownLimited(exchange: Exchange, id: UnitId, version: Version): Promise<Response> {
	const outputs = includesIn(exchange.context.query, includes).has("outputs")
		? await outputResources(exchange, id, version)
		: null;
	const more = outputs === null ? {} : { outputs };
	return one(storedView(exchange, id, version, more), 200, outputs ?? []);
}

/**
 * What the version says of its content. Terraform and OpenTofu read nothing of it, and ask for
 * versions all the time, so they are spared the reading of it.
 */
async function contentOf(
	{ request, deps }: Exchange,
	id: UnitId,
	version: Version,
	isAvailable: boolean,
): Promise<{ content?: ContentSummary }> {
	if (!isAvailable || request.headers.has("terraform-version")) return {};
	const { resources } = await deps.core.stateIndex.resources(id, version);
	return { content: contentSummary(resources) };
}

/**
 * The stored version that an id names. Its number was foretold when the upload was allowed; when
 * another write came between, its content stands under another number.
 */
async function find(exchange: Exchange, name: StateVersionName): Promise<FoundVersion | null> {
	const { caller, deps } = exchange;
	const rows = await deps.core.states.versions(caller, name.unit);
	const isSame = (row: VersionRow) => hasContent(row, name);
	const exact = rows.find((row) => row.version.number === name.number && isSame(row));
	const found = exact ?? rows.find((row) => row.version.number > name.number && isSame(row));
	if (found === undefined) return null;
	return inHistory(rows)(found);
}

interface FoundVersion extends VersionRow {
	readonly isSnapshot: boolean;
	readonly source: Version | undefined;
}

/** Completes a row by what the others of the history say of it. */
function inHistory(rows: readonly VersionRow[]): (row: VersionRow) => FoundVersion {
	const snapshots = snapshotsAmong(rows.map(({ version }) => version));
	const byNumber = new Map(rows.map(({ version }) => [version.number, version]));
	return (row) => {
		const { number, restoredFrom } = row.version;
		const source = restoredFrom === null ? undefined : byNumber.get(restoredFrom);
		return { ...row, isSnapshot: snapshots.has(number), source };
	};
}

function absent(): DomainError {
	return new DomainError("version_not_found", "there is no such state version");
}

function isNamed(name: StateVersionName, version: Version): boolean {
	return version.number === name.number && hexOfMd5(version.md5) === name.md5;
}

async function show(exchange: Exchange): Promise<Response> {
	const { caller, deps, context } = exchange;
	const name = parseStateVersionId(param(exchange, "version"));
	context.unitId = name.unit;
	const limited = await deps.core.outputs.limitedVersion(caller, name.unit);
	if (limited !== null) {
		if (!isNamed(name, limited)) throw absent();
		return await shownLimited(exchange, name.unit, limited);
	}
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
	if (found !== null) return await shown(exchange, unit, found.version, found);
	const newestNumber = (await deps.core.states.versions(caller, name.unit))[0]?.version.number ?? 0;
	if (unit.lock === null || name.number <= newestNumber) throw absent();
	return one(pendingView(exchange, name, announcedAs(deps.core, name), null));
}

async function download(exchange: Exchange): Promise<Response> {
	const { caller, deps, context, request } = exchange;
	const name = parseStateVersionId(param(exchange, "version"));
	context.unitId = name.unit;
	context.allowSlow();
	if ((await deps.core.outputs.limitedVersion(caller, name.unit)) !== null) {
		const read = await deps.core.outputs.readState(caller, name.unit);
		if (read.version === null || !isNamed(name, read.version)) throw absent();
		return await stateResponse(request, read);
	}
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
	includesIn(context.query, includes);
	const statuses = commaSeparated(context.query.get("filter[status]"));
	const rows = await deps.core.states.versions(caller, id);
	const views = rows
		.map(inHistory(rows))
		.map((row) => storedView(exchange, id, row.version, row))
		.filter(
			({ attributes }) => statuses.length === 0 || statuses.includes(String(attributes.status)),
		);
	const page = pageIn(context.query);
	return list(cut(views, page), page, views.length);
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
	return one(storedView(exchange, id, version ?? found.version, { source: found.version }));
}

/** Takes the content of an earlier version out of sight, brings it back, or gives it up for good. */
function changing(wish: ContentWish) {
	return async (exchange: Exchange): Promise<Response> => {
		const { caller, deps, context } = exchange;
		const name = parseStateVersionId(param(exchange, "version"));
		context.unitId = name.unit;
		const found = await find(exchange, name);
		if (found === null) throw absent();
		await deps.core.states.changeContent(caller, name.unit, found.version.number, wish);
		return nothing();
	};
}

const contentActions = [
	["soft_delete", "withhold"],
	["restore", "release"],
	["permanently_delete", "erase"],
] as const;

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
	...contentActions.map(
		([word, wish]): Route => ({
			method: "POST",
			path: `/state-versions/:version/actions/${word}_backing_data`,
			operation: `${wish}StateVersion`,
			handle: changing(wish),
		}),
	),
];
