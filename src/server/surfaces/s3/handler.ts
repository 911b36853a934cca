/**
 * The S3-compatible surface: whatever stands below `/s3`. It takes the request raw, because the
 * signature covers the bytes of its path, query and headers; a signature is the only proof that
 * counts here, and it counts nowhere else.
 */
import { StsFault } from "../../../auth/sts/fault.ts";
import {
	acceptUnverified,
	type ReceivedRequest,
	type VerifiedRequest,
	verifyRequest,
} from "../../../auth/sts/sigv4.ts";
import type { Core } from "../../../core/core.ts";
import type { OpenOrganization } from "../../../core/organization/open-organization.ts";
import { pacedBody } from "../../shared/paced-body.ts";
import { callerOf, type RequestContext, splitUrl } from "../../shared/request-context.ts";
import { xmlText } from "./answers.ts";
import { Bucket } from "./bucket.ts";
import { listBuckets } from "./buckets.ts";
import { notImplemented, presentS3Error, S3Error } from "./errors.ts";
import { RepeatedRequests } from "./lock-objects.ts";
import { readQuery, readTarget, type S3Request, s3Root } from "./request.ts";
import type { S3SurfaceDeps } from "./service.ts";

/** How a request came to the server. */
export interface Arrival {
	/** What `Host` may have been for the client: as received first, then what trusted proxies say. */
	readonly hosts: readonly string[];
	/** Throws when the request may not be looked at at all. */
	readonly admit: () => void;
}

/** Whether the path is one of this surface. */
export function isS3Path(path: string): boolean {
	return path === s3Root || path.startsWith(`${s3Root}/`);
}

/** Answers everything below `/s3`. */
export class S3Surface {
	readonly #deps: S3SurfaceDeps;
	readonly #repeats = new RepeatedRequests();
	/** Of each organization whose core is open. */
	readonly #buckets = new WeakMap<Core, Bucket>();

	constructor(deps: S3SurfaceDeps) {
		this.#deps = deps;
	}

	/** Never throws. */
	async handle(request: Request, context: RequestContext, arrival: Arrival): Promise<Response> {
		context.surface = "s3";
		try {
			arrival.admit();
			const response = await this.#answer(request, context, arrival.hosts);
			response.headers.set("x-amz-request-id", context.requestId);
			response.headers.set("x-content-type-options", "nosniff");
			return response;
		} catch (error) {
			return presentS3Error(error, request.method, context, this.#deps.log);
		}
	}

	/** Uploads that nobody finished are removed; the server calls this now and then. */
	async sweepUploads(): Promise<number> {
		return await this.#bucketOf(this.#deps.organizations.root).sweepUploads();
	}

	#bucketOf({ core, store }: OpenOrganization): Bucket {
		const known = this.#buckets.get(core);
		if (known !== undefined) return known;
		const made = new Bucket({ ...this.#deps, core, store }, this.#repeats);
		this.#buckets.set(core, made);
		return made;
	}

	async #answer(
		request: Request,
		context: RequestContext,
		hosts: readonly string[],
	): Promise<Response> {
		const url = splitUrl(request.url);
		if (url === null) throw new S3Error(400, "InvalidURI", "the Host header is not understood");
		const { verified, principal } = await this.#authenticate(request, context, hosts, url);
		context.principal = principal;
		const target = readTarget(url.path);
		const query = readQuery(url.query);
		const { organizations } = this.#deps;
		const caller = callerOf(context, "s3");
		if (target.bucket === null) {
			context.operation = "s3.ListBuckets";
			if (request.method !== "GET") throw notImplemented("this operation");
			return xmlText(await listBuckets(organizations, caller, query));
		}
		const { bucket, key } = target;
		const s3Request: S3Request = {
			method: request.method,
			bucket,
			query,
			headers: request.headers as Headers,
			body: pacedBody(request.body as ReadableStream<Uint8Array> | null, context.clock),
			verified,
			caller,
			context,
		};
		return await organizations.use(caller, organizations.nameOfBucket(bucket), async (open) => {
			context.organization = open.organization.name;
			return await this.#bucketOf(open).answer(s3Request, key);
		});
	}

	async #authenticate(
		request: Request,
		context: RequestContext,
		hosts: readonly string[],
		url: { readonly path: string; readonly query: string },
	): Promise<{ verified: VerifiedRequest; principal: VerifiedRequest["principal"] }> {
		const { authentication, clock, organizations } = this.#deps;
		const received: ReceivedRequest = {
			method: request.method,
			rawPath: url.path,
			rawQuery: url.query,
			headers: request.headers as Headers,
			hosts,
		};
		if (authentication.kind === "open") {
			const verified = acceptUnverified(received, authentication.principal);
			return { verified, principal: verified.principal };
		}
		try {
			const verified = await verifyRequest(received, {
				resolve: (accessKeyId, token) => authentication.sts.resolve(accessKeyId, token),
				now: () => clock.now(),
			});
			const principal = await authentication.renewPrincipal(verified.principal);
			if (principal === null) {
				throw new StsFault(
					"credentials_expired",
					"the login behind these credentials has ended; log in again, then `taco creds --fresh`",
				);
			}
			return { verified, principal };
		} catch (error) {
			if (error instanceof StsFault && error.code !== "unsigned") {
				organizations.root.core.parts.chain.login({
					outcome: "failed",
					operation: "authenticate.s3",
					requestId: context.requestId,
					address: context.clientAddress,
					detail: error.code,
				});
			}
			throw error;
		}
	}
}
