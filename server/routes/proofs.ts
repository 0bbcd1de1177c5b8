import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { toBase64 } from '../../src/core/base64.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { maxEntryBytes } from '../../src/core/entry.ts'
import { defined } from '../../src/core/objects.ts'
import { timeText } from '../../src/core/time.ts'
import type { ServerContext } from '../context.ts'
import { problems } from '../problem.ts'
import { consistencyAnswer, inclusionAnswer, ledgerAnswer } from '../../src/api/answers.ts'
import { consistencyQuery, inclusionQuery } from '../../src/api/queries.ts'
import { maxBatchBody, maxBatchLines, maxStatementBody } from '../settings.ts'

/** `/v1/ledger` and `/v1/proofs/…`: hashes alone, public in every reading mode. */
export function proofRoutes(app: FastifyInstance, { ledger, policy, audiences, version }: ServerContext): void {
  const { reads } = ledger
  const typed = app.withTypeProvider<ZodTypeProvider>()

  typed.get(
    '/v1/ledger',
    {
      schema: {
        operationId: 'getLedger',
        summary: 'What this ledger is',
        tags: ['ledger'],
        description: 'What this ledger is.',
        response: { 200: ledgerAnswer, ...problems },
      },
    },
    async (_request, reply) => {
      const { checkpoint } = parseSignedCheckpoint(Buffer.from(reads.checkpoint))
      reply.header('Cache-Control', 'no-cache')
      const { environment = 'trial', intakeEndedAt, closedAt, successor } = ledger.registry
      return {
        origin: ledger.origin,
        environment,
        ...(environment === 'trial' ? { warning: 'This is a trial ledger, not for evidence that matters.' } : {}),
        reading: ledger.config.reading,
        openDisclosures: ledger.config.openDisclosures,
        size: checkpoint.size,
        root: toBase64(checkpoint.root),
        time: ledger.lastTimeMs === undefined ? null : timeText(ledger.lastTimeMs),
        checkpoint: reads.checkpoint,
        vkey: ledger.key.text,
        policy,
        version,
        baseUrls: [...audiences()],
        ...defined({ intakeEndedAt, closedAt, successor: successor?.origin }),
        limits: {
          statementBytes: maxStatementBody,
          batchBytes: maxBatchBody,
          batchLines: maxBatchLines,
          entryBytes: maxEntryBytes,
        },
      }
    },
  )

  typed.get(
    '/v1/proofs/inclusion',
    {
      schema: {
        operationId: 'getInclusionProof',
        summary: 'Inclusion proof',
        tags: ['proofs'],
        description: 'RFC 6962 inclusion proof; `size` is the current one unless given.',
        querystring: inclusionQuery,
        response: { 200: inclusionAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const { index, size = reads.size } = request.query
      const { leafHash, root, proof } = await reads.included(index, size)
      reply.header('Cache-Control', 'no-cache')
      return { index, size, leafHash: toBase64(leafHash), root: toBase64(root), hashes: proof.map(toBase64) }
    },
  )

  typed.get(
    '/v1/proofs/consistency',
    {
      schema: {
        operationId: 'getConsistencyProof',
        summary: 'Consistency proof',
        tags: ['proofs'],
        description: 'RFC 6962 consistency proof; `to` is the current size unless given.',
        querystring: consistencyQuery,
        response: { 200: consistencyAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const { from, to = reads.size } = request.query
      const hashes = await reads.consistency(from, to)
      const [root1, root2] = await Promise.all([reads.rootAt(from), reads.rootAt(to)])
      reply.header('Cache-Control', 'no-cache')
      return { from, to, root1: toBase64(root1), root2: toBase64(root2), hashes: hashes.map(toBase64) }
    },
  )
}
