/**
 * Every bound of the product, in one place, with its unit in its name. Bounds that an operator may
 * change are defaults here and have a variable in `server/config.ts`.
 */

const KiB = 1024;
const MiB = 1024 * KiB;
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

export const limits = {
	// Ids and names
	unitIdBytesMax: 180,
	escapedIdBytesMax: 240,
	keyBytesMax: 1000,
	/** What a file name may have. */
	keySegmentBytesMax: 255,
	labelsMax: 64,
	labelKeyBytesMax: 128,
	labelValueBytesMax: 256,
	lockFieldBytesMax: 4 * KiB,
	lockInfoBytesMax: 16 * KiB,

	// Bodies
	/** A state; `OPENTACO_MAX_STATE_BYTES`. */
	stateBytesMax: 1024 * MiB,
	/** States up to this size are held in memory while they are checked; larger ones stream. */
	bufferedBodyBytesMax: 1 * MiB,
	/** Larger states that are copied or indexed at once, beside the requests and for one that waits. */
	backgroundLargePassesMax: 1,
	askedLargePassesMax: 1,
	/** A body without a Content-Length may be this large. */
	unsizedBodyBytesMax: 16 * MiB,
	jsonBodyBytesMax: 64 * KiB,
	jsonDepthMax: 2000,

	// Store
	/** `get` refuses more: records, pages, small bodies. */
	wholeReadBytesMax: 8 * MiB,
	listPageMax: 1000,
	storeReadAttemptsMax: 4,
	storeOperationDeadlineMs: 10 * second,
	/** A body's transfer may take this long without a byte moving. */
	storeStreamIdleMs: 30 * second,
	probeDeadlineMs: 20 * second,
	/** Bytes of large bodies, all together, after which garbage is collected. */
	storeBytesPerCollection: 24 * MiB,
	/** Smaller bodies do without; parts of uploads over S3 have at least 5 MiB. */
	collectedBodyBytesMin: 4 * MiB,
	/** Requests wait for the collection of a heap up to this size, about 0.6 ms for each MB of it. */
	heapBytesCollectedAtOnceMax: 64 * MiB,

	// Protocol: actDeadlineMs < headAgeMaxMs < pruneGraceMs, see docs/invariants.md
	/** One act (lock, write, …), all its attempts, without the body's transfer. */
	actDeadlineMs: 20 * second,
	/** How old, by the store's clock, a confirmed head may be to build on. */
	headAgeMaxMs: 1 * hour,
	/** How old a record or body must be before it may be removed. */
	pruneGraceMs: 6 * hour,
	headsCachedMax: 2000,
	releasedLocksKept: 32,
	/** Earlier overlays of the system unit whose content is still known as ours. */
	presentationsKept: 32,
	versionsInHeadMax: 64,
	versionsPerPage: 32,
	versionsKept: 1000,
	/** Versions whose content is withheld, and as many that were given up one by one. */
	versionsWithheldMax: 200,
	recordsKeptMin: 3,
	projectionDelaySettleMs: 15 * second,
	projectionAttemptsMax: 8,
	sweepIntervalMs: 10 * minute,
	/** Every so many sweeps look into every unit, whatever a listing says: about once a day. */
	sweepsPerFullSweep: 144,
	/** Between two units, so that a sweep never competes with requests. */
	sweepPauseMs: 20,
	generationsPerPrune: 100,

	// Directory of units
	directoryFreshMs: 2 * second,
	directoryListIntervalMs: 10 * second,
	directoryReloadIntervalMs: 10 * minute,
	/** The coarsest step of a store's clock, with some room. */
	storeClockStepMaxMs: 5 * second,
	directoryReadsAtOnce: 32,
	changesKept: 1000,
	/** A server that has changed nothing for so long is gone; its change hints are removed. */
	changesObjectAgeMaxMs: 24 * hour,
	changesFlushDelayMs: 250,
	unitsPerPageMax: 100_000,
	/** Ids of workspaces whose units are known without a listing. */
	workspaceIdsKept: 200_000,

	// Organizations
	organizationNameBytesMax: 40,
	organizationsMax: 1000,
	/** Names that are or were an organization's: the next life of a name must not get the same key. */
	organizationNamesMax: 5000,
	/** How old a server's knowledge of which organizations there are may be. */
	organizationsFreshMs: 5 * second,
	/** As many are named in the log when somebody asks for one that is not there. */
	organizationsLoggedMax: 50,
	/** Cores that are kept open; one in use is never closed. */
	organizationsOpenMax: 64,
	/** Into which it is looked at once for all who want to know which ones they may see. */
	organizationLooksAtOnce: 16,
	/** Callers of whom is remembered, for as long as roles may be old, what they may see. */
	organizationSightingsKept: 64,
	organizationsPageDefault: 100,
	/** An organization that nobody uses is swept this often. */
	organizationVisitMs: 24 * hour,

	// The system unit
	/** Live values are written into its state up to this size: some thousands of edges. */
	systemStateBytesMax: 8 * MiB,
	/** Changes of the graph that come within this time are written together. */
	systemStateSettleMs: 1 * second,
	/** They wait at most so long when writing them takes long. */
	systemStateSettleMaxMs: 10 * second,
	/** Units whose heads are looked at before live values are written; others are taken as last seen. */
	systemStateConfirmsMax: 500,
	/** When others keep changing the system unit, so often at once; then their changes ask again. */
	systemStateAttemptsMax: 4,

	// Roles
	/** How old the roles that a decision rests on may be: a change counts everywhere after this. */
	policyAgeMaxMs: 5 * second,
	policyBytesMax: 512 * KiB,
	patternBytesMax: 256,
	patternStarsMax: 8,
	permissionsMax: 500,
	rulesPerPermissionMax: 100,
	/** Actions, or resources, of one rule. */
	ruleItemsMax: 64,
	rolesMax: 500,
	permissionsPerRoleMax: 100,
	assignmentsMax: 4000,
	roleIdBytesMax: 64,
	nameBytesMax: 128,
	descriptionBytesMax: 1 * KiB,
	assigneeBytesMax: 512,

	// Teams
	teamsMax: 500,
	membershipsMax: 5000,
	/** Members of all teams together. */
	teamMembersMax: 5000,
	/** Accesses to workspaces and projects, of all teams together. */
	teamGrantsMax: 5000,
	teamsBytesMax: 2 * MiB,
	teamTokensMax: 50,
	/** Those that one request adds or takes out. */
	membersPerRequestMax: 500,

	// Audit
	/** Denials and logins that wait to be written; what comes on top is only counted. */
	auditQueueMax: 2000,
	auditBatchMax: 500,
	auditFlushIntervalMs: 1 * second,
	/** Entries that one server writes in a minute; what comes on top is only counted. */
	auditEntriesPerMinuteMax: 3000,
	auditFieldBytesMax: 512,
	auditAnchorIntervalMs: 10 * minute,
	/** Heads of units that one anchor names. */
	auditHeadsPerAnchorMax: 2000,
	auditInstancesMax: 1000,
	auditPageMax: 1000,
	auditPageDefault: 100,
	/** Records that one query or one step of a verification reads. */
	auditReadsMax: 5000,
	auditReadsAtOnce: 16,
	/** How much later than the store's clock a server's may be for the trail's order to hold. */
	serverClockSkewMaxMs: 10 * minute,
	auditPruneIntervalMs: 6 * hour,

	// Server
	requestsAtOnceMax: 2000,
	/** Waiting for the next `bodyPaceBytes` of a request's body, or its end. Heads: Bun has its own bounds. */
	bodyPaceMs: 60 * second,
	bodyPaceBytes: 32 * KiB,
	readyDeadlineMs: 3 * second,
	/** The storage is asked at most this often. */
	readyFreshMs: 1 * second,
	drainDeadlineMs: 25 * second,
	adminTokenBytesMin: 16,
	/** How long a server goes on with the admin token it knows before it looks again. */
	adminTokenFreshMs: 5 * second,
	/** A token that does not match is looked up again at most this often. */
	adminTokenRecheckMs: 1 * second,
	authorizationBytesMax: 4 * KiB,
	/** Bun closes a connection on which nothing moves for this long, slow answers included. */
	connectionIdleSeconds: 120,
	connectionIdleSecondsMax: 255,

	// Identity
	/** A signed token as it is presented; the Authorization header that carries it may be larger. */
	signedTokenBytesMax: 8 * KiB,
	accessTokenMs: 1 * hour,
	accessTokenMaxMs: 24 * hour,
	refreshTokenMs: 720 * hour,
	refreshTokenMaxMs: 2 * 8784 * hour,
	/** A login ends after this long however often it was renewed; never below the refresh token's life. */
	loginMaxMs: 2160 * hour,
	authorizationCodeMs: 5 * minute,
	/** From the first page of a login to its last. */
	loginFlowMs: 10 * minute,
	/** How far the clocks of two servers may differ. */
	clockSkewMaxMs: 1 * minute,
	/** A revocation on another server counts here after at most this long. */
	credentialFreshMs: 5 * second,
	credentialsCachedMax: 4000,
	unknownTokensCachedMax: 4000,
	signingKeysMax: 32,
	/** A server says again that it still signs with its key. */
	signingKeyTouchMs: 24 * hour,
	keyringFreshMs: 1 * minute,
	keyringRecheckMs: 1 * second,
	/** A subject as a provider tells it, OpenID Connect Core 1.0, 2. */
	providerSubjectBytesMax: 255,
	groupsMax: 2000,
	groupBytesMax: 256,
	loginsRevokedMax: 1000,
	tokensPageMax: 1000,
	tokensPageDefault: 100,
	/** A token that ended is listed for so long. */
	tokensEndedListedMs: 168 * hour,
	tokenNameBytesMax: 100,
	/** Life of a token for which clients of the TFE API name no end. */
	tfeTokenLifeYears: 2,
	tokenScopesMax: 64,
	localUsersMax: 1000,
	passwordBytesMin: 10,
	passwordBytesMax: 1024,
	/** Each hashes in 19 MiB. */
	passwordChecksAtOnceMax: 4,
	/** Tries of one address or name before it must wait, and how fast they come back. */
	loginTriesMax: 10,
	loginTryRefillMs: 6 * second,
	tokenTriesMax: 60,
	tokenTryRefillMs: 1 * second,
	rateLimitKeysMax: 20_000,
	redirectUriBytesMax: 2 * KiB,
	oauthFieldBytesMax: 1 * KiB,
	sealedStateBytesMax: 8 * KiB,
	identityFetchBytesMax: 1 * MiB,
	identityFetchDeadlineMs: 5 * second,
	discoveryFreshMs: 1 * hour,
	discoveryRetryMs: 2 * second,
	providerKeysFreshMs: 10 * minute,
	/** An unknown key id makes the provider's keys be read again at most this often. */
	providerKeysRecheckMs: 5 * second,
	idTokenBytesMax: 64 * KiB,
	trustRulesMax: 1000,

	// Workspaces and outputs
	workspaceTextBytesMax: 1 * KiB,
	/** All settings of one workspace that are not as they are for every workspace. */
	workspaceSettingsBytesMax: 8 * KiB,
	workspaceTriggersMax: 50,
	workspacesPerPageMax: 100,
	remoteStateConsumersMax: 200,
	projectsMax: 1000,
	projectsFreshMs: 5 * second,
	/** The outputs of one state, as they stand in it. */
	outputsBytesMax: 8 * MiB,

	// The index of a state
	indexedOutputsMax: 10_000,
	/** A name, type, address or key inside a state, escapes included. */
	indexedNameBytesMax: 4 * KiB,
	/** The attributes of one instance that reads outputs: a copy of all that it has read. */
	readingBytesMax: 512 * KiB,
	readingsBytesMax: 2 * MiB,
	readingsMax: 500,
	/** Instances in the list of a state's resources, and the texts of that list. */
	indexedResourcesMax: 20_000,
	indexedResourcesBytesMax: 4 * MiB,
	/** One stored object of an index. */
	indexObjectBytesMax: 32 * MiB,
	/** Indexes that a server holds ready; one that is larger than a quarter of it is read each time. */
	indexesCachedBytesMax: 16 * MiB,

	// Variables
	variablesMax: 250,
	/** All variables of one unit or set, as they are stored. */
	variablesBytesMax: 2 * MiB,
	variableKeyBytesMax: 128,
	variableValueBytesMax: 64 * KiB,
	variableDescriptionBytesMax: 512,
	/** A value in JSON may be six times as long as it is. */
	variableBodyBytesMax: 512 * KiB,
	variableRegistersCachedMax: 2000,
	variableSetsMax: 500,
	/** Units and projects that sets apply to, all together. */
	variableSetPlacesMax: 10_000,
	variableSetNameBytesMax: 90,
	variableSetReadsAtOnce: 16,
	secretKeysFreshMs: 30 * second,
	/** Characters of `OPENTACO_SECRETS_KEY`. */
	secretKeyCharactersMin: 32,

	// The graph
	/** Outputs of other units that one state holds copies of and the graph follows. */
	graphRecordedPerUnitMax: 5000,
	/** Upstream units that a lock remembers; what comes on top is not acknowledged. */
	graphUpstreamsPerLockMax: 200,
	/** Reasons of one unit in a list of many, the most urgent first; a unit by itself has all of them. */
	graphReasonsListedMax: 20,
	/** Indexes of states that are read at once. */
	graphReadsAtOnce: 16,
	/** An answer waits so long for what is not indexed yet, and says what is missing then. */
	graphWaitMs: 3 * second,
	/** How often a server with declared edges looks for what others changed. */
	graphRefreshIntervalMs: 2 * second,
	/** The same without declared edges. */
	graphIdleIntervalMs: 30 * second,
	/** A lock waits so long for the heads of upstream units when other servers write too. */
	graphConfirmMs: 1 * second,
	/** Upstream units whose heads a lock confirms. */
	graphConfirmsPerLockMax: 32,
	/** Another server counts as active for so long after its last change. */
	graphOthersActiveMs: 10 * minute,
	/** Reads of outputs by units: that wait to be noted, and that stay noted. */
	graphReadsQueuedMax: 1000,
	graphReadsKeptMax: 2000,
	/** A state that could not be read is tried again after this long. */
	graphRetryMs: 1 * minute,
	/** Digests of earlier versions that are kept ready. */
	graphVersionsCachedMax: 20_000,

	// The cloud backend
	/** A state inside of a JSON document is a third larger and held in memory. */
	inlineStateBytesMax: 32 * MiB,
	uploadUrlMs: 1 * hour,
	/** Announced state versions that one server remembers. */
	pendingUploadsMax: 2000,
	/** During an apply clients store what they have so often, and less often for large states. */
	snapshotIntervalMs: 1 * minute,
	snapshotBytesPerInterval: 10 * MiB,
	snapshotIntervalMaxMs: 1 * hour,
	/** Proxies cut longer addresses; who has too many groups uploads in the request itself. */
	uploadTokenBytesMax: 3 * KiB,

	// S3 surface
	/** How far a signature's time may be from ours, either way. */
	signatureSkewMaxMs: 15 * minute,
	/** A week, as on AWS. */
	presignedSecondsMax: 604_800,
	signedHeadersMax: 64,
	stsTtlMinMs: 1 * minute,
	/** `OPENTACO_STS_TTL`. */
	stsTtlMs: 15 * minute,
	stsTtlMaxMs: 1 * hour,
	/**
	 * Credentials are taken for so long after their end. A client renews them at their end by its own
	 * clock, and does not repeat a write that was refused because they ended on its way.
	 */
	stsGraceMs: 1 * minute,
	stsSecretBytesMin: 32,
	/** A session token travels in a header, or in the query of a presigned URL. */
	stsTokenBytesMax: 6 * KiB,
	stsKeysMax: 64,
	/** How old a server's knowledge of the shared secrets may be. */
	stsKeysFreshMs: 30 * second,
	/** A key that is not known is looked up again at most this often. */
	stsKeysRecheckMs: 1 * second,
	/** The line before a chunk: a size and a signature. */
	chunkLineBytesMax: 256,
	trailerBytesMax: 2 * KiB,
	/** An XML document in a request: the parts of an upload, or the keys to delete. */
	xmlBodyBytesMax: 2 * MiB,
	objectsPerDeleteMax: 1000,
	uploadPartsMax: 10_000,
	/** An answer up to this size is sent with its length; clients read by 5 or 8 MiB at once. */
	rangeBufferedBytesMax: 8 * MiB,
	/** As many of them are put together at once; clients ask for ten. */
	bufferedRangesAtOnceMax: 2,
	/** An upload that nobody finished is removed after this long. */
	uploadAgeMaxMs: 24 * hour,
	uploadSweepIntervalMs: 10 * minute,
} as const;
