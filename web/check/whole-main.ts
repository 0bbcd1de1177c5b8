import { extras } from './extras.ts'
import { startCertificate } from './in-certificate.ts'
import { startOneFile } from './one-file.ts'

// A certificate in HTML carries this very script.
if (document.getElementById('evidence-live') === null) startOneFile(() => Promise.resolve(extras))
else startCertificate(() => Promise.resolve(extras))
