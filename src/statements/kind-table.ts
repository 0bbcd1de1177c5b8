import { accessRule } from './kinds/access-rule.ts'
import { custodyEnd } from './kinds/custody-end.ts'
import { custodyResume } from './kinds/custody-resume.ts'
import { custodyTransfer } from './kinds/custody-transfer.ts'
import { evidenceAttest } from './kinds/evidence-attest.ts'
import { evidenceChallenge } from './kinds/evidence-challenge.ts'
import { evidenceDeposit } from './kinds/evidence-deposit.ts'
import { evidenceEvent } from './kinds/evidence-event.ts'
import { evidenceFinding } from './kinds/evidence-finding.ts'
import { erasureOrder } from './kinds/erasure-order.ts'
import { erasureReport } from './kinds/erasure-report.ts'
import { evidenceRetract } from './kinds/evidence-retract.ts'
import { ledgerChange } from './kinds/ledger-change.ts'
import { ledgerClose } from './kinds/ledger-close.ts'
import { ledgerEndIntake } from './kinds/ledger-end-intake.ts'
import { ledgerGenesis } from './kinds/ledger-genesis.ts'
import { ledgerRotateKey } from './kinds/ledger-rotate-key.ts'
import { ledgerSetApprovals } from './kinds/ledger-set-approvals.ts'
import { ledgerSetFormat } from './kinds/ledger-set-format.ts'
import { participantAdmit } from './kinds/participant-admit.ts'
import { participantRevoke } from './kinds/participant-revoke.ts'
import { participantRotateKey } from './kinds/participant-rotate-key.ts'

/** Every kind of statement that this version knows: one line each (docs/design/statement-kinds.md). */
export const kindTable = [
  ledgerGenesis,
  participantAdmit,
  participantRevoke,
  participantRotateKey,
  evidenceDeposit,
  evidenceAttest,
  evidenceRetract,
  evidenceEvent,
  evidenceChallenge,
  evidenceFinding,
  accessRule,
  erasureOrder,
  erasureReport,
  custodyTransfer,
  custodyEnd,
  custodyResume,
  ledgerRotateKey,
  ledgerSetApprovals,
  ledgerSetFormat,
  ledgerEndIntake,
  ledgerChange,
  ledgerClose,
] as const
