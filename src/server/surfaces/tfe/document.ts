/** JSON:API documents as TFE clients read them: strict types, string ids, pagination on every list. */
import { DomainError } from "../../../core/errors.ts";
import { limits } from "../../../core/limits.ts";
import { parseJson, readBody } from "../../shared/body.ts";

export const mediaType = "application/vnd.api+json";

/**
 * Terraform demands an API version of at least 2.5, and prints its name for the product only when
 * it is one of two. There is no rate limit header on purpose: a client that sees one slows down.
 */
const productHeaders = {
	"content-type": mediaType,
	"tfp-api-version": "2.6",
	"tfp-appname": "Terraform Enterprise",
	"x-tfe-version": "v202507-1",
} as const;

export interface Identifier {
	readonly id: string;
	readonly type: string;
}

export interface Relationship {
	readonly data?: Identifier | readonly Identifier[] | null;
	readonly links?: Readonly<Record<string, string>>;
}

export interface Resource extends Identifier {
	readonly attributes: Readonly<Record<string, unknown>>;
	readonly relationships?: Readonly<Record<string, Relationship>>;
	readonly links?: Readonly<Record<string, string>>;
}

/** Headers that every answer of this surface has. */
export function withProductHeaders(response: Response): Response {
	for (const [name, value] of Object.entries(productHeaders)) {
		if (name !== "content-type" || !response.headers.has(name)) response.headers.set(name, value);
	}
	return response;
}

function send(document: object, status: number): Response {
	return new Response(JSON.stringify(document), { status, headers: productHeaders });
}

export function one(
	resource: Resource,
	status = 200,
	included: readonly Resource[] = [],
): Response {
	return send({ data: resource, ...(included.length === 0 ? {} : { included }) }, status);
}

export function nothing(status = 204): Response {
	return withProductHeaders(new Response(null, { status }));
}

export interface PageRequest {
	/** From 1. */
	readonly number: number;
	readonly size: number;
}

/** The page that the query asks for. Clients that ask for none should get by with few pages. */
export function pageIn(query: URLSearchParams): PageRequest {
	const number = wholeNumber(query, "page[number]", 1, Number.MAX_SAFE_INTEGER);
	const size = wholeNumber(query, "page[size]", limits.workspacesPerPageMax, Infinity);
	return { number, size: Math.min(size, limits.workspacesPerPageMax) };
}

function wholeNumber(query: URLSearchParams, name: string, initial: number, max: number): number {
	const text = query.get(name);
	if (text === null || text === "") return initial;
	const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
	if (value >= 1 && value <= max) return value;
	throw new DomainError("invalid_request", `${name} is not a whole number from 1`);
}

/** One page of a list, already cut. */
export function list(
	resources: readonly Resource[],
	page: PageRequest,
	total: number,
	included: readonly Resource[] = [],
): Response {
	const pages = Math.max(1, Math.ceil(total / page.size));
	const pagination = {
		"current-page": page.number,
		"page-size": page.size,
		"prev-page": page.number > 1 ? page.number - 1 : null,
		"next-page": page.number < pages ? page.number + 1 : null,
		"total-pages": pages,
		"total-count": total,
	};
	const more = included.length === 0 ? {} : { included };
	return send({ data: resources, ...more, meta: { pagination } }, 200);
}

/** Cuts the page out of a whole list. */
export function paged(resources: readonly Resource[], query: URLSearchParams): Response {
	const page = pageIn(query);
	return list(cut(resources, page), page, resources.length);
}

/** All at once, for lists that the vendor's API does not cut, unless the query asks for a page. */
export function whole(resources: readonly Resource[], query: URLSearchParams): Response {
	if (query.has("page[number]") || query.has("page[size]")) return paged(resources, query);
	const page = { number: 1, size: Math.max(resources.length, limits.workspacesPerPageMax) };
	return list(resources, page, resources.length);
}

/** What stands on the page. */
export function cut<T>(all: readonly T[], page: PageRequest): readonly T[] {
	const first = (page.number - 1) * page.size;
	return all.slice(first, first + page.size);
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
	return typeof value === "object" && value !== null && !Array.isArray(value)
		? (value as Fields)
		: {};
}

export interface GivenResource {
	readonly id: string | null;
	readonly type: string;
	readonly attributes: Fields;
	readonly relationships: Fields;
}

function given(value: unknown): GivenResource {
	const fields = fieldsOf(value);
	return {
		id: typeof fields.id === "string" ? fields.id : null,
		type: typeof fields.type === "string" ? fields.type : "",
		attributes: fieldsOf(fields.attributes),
		relationships: fieldsOf(fields.relationships),
	};
}

async function bodyIn(request: Request, bytesMax: number): Promise<Fields> {
	return fieldsOf(parseJson(await readBody(request, bytesMax, "the document")));
}

async function dataIn(request: Request, bytesMax: number): Promise<unknown> {
	return (await bodyIn(request, bytesMax)).data;
}

/**
 * A text that goes with an action: the vendor's document has it bare in the body, Terraform sends it
 * as the attribute of a resource without a type. Fails with `invalid_request` or `too_large`.
 */
export async function actionTextIn(request: Request, name: string): Promise<string> {
	const body = await bodyIn(request, limits.jsonBodyBytesMax);
	const text = given(body.data).attributes[name] ?? body[name];
	return typeof text === "string" ? text : "";
}

/**
 * The resource in the body, of the given type; an empty type is taken, as Terraform sends one when
 * it locks. Fails with `invalid_request` or `too_large`.
 */
export async function resourceIn(
	request: Request,
	type: string,
	bytesMax: number = limits.jsonBodyBytesMax,
): Promise<GivenResource> {
	const resource = given(await dataIn(request, bytesMax));
	if (resource.type === type || resource.type === "") return resource;
	throw new DomainError("invalid_request", `the document's data is not of the type ${type}`);
}

/** The list of resources in the body. Fails with `invalid_request` or `too_large`. */
export async function resourcesIn(request: Request): Promise<GivenResource[]> {
	return resourceList(await dataIn(request, limits.jsonBodyBytesMax));
}

function resourceList(value: unknown): GivenResource[] {
	if (Array.isArray(value)) return value.map(given);
	throw new DomainError("invalid_request", "the document's data is not a list");
}

/** The resources of a relationship to many; none when it is not there. */
export function relatedMany(resource: GivenResource, name: string): GivenResource[] {
	const data = fieldsOf(resource.relationships[name]).data;
	return data === undefined || data === null ? [] : resourceList(data);
}

/** Whether the document says anything of the relationship. */
export function isRelated(resource: GivenResource, name: string): boolean {
	return fieldsOf(resource.relationships[name]).data !== undefined;
}

/** The id in a relationship to one; null when it is not there. */
export function relatedId(resource: GivenResource, name: string): string | null {
	return given(fieldsOf(resource.relationships[name]).data).id;
}
