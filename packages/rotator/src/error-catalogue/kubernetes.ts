import type { CatalogueEntry } from '../error-catalogue.ts'

/**
 * The details of the errors of Kubernetes. `where` is an object of a namespace, as
 * `Secret openemr/openemr-db-credentials`; `operation` and `needs` a verb and a resource as a Role
 * names them, as `patch secrets`; `says` what the API server says, empty where it may quote a
 * secret.
 */
export interface KubernetesErrorDetails {
  ERR_KUBERNETES_LOGIN: { where: string; operation: string; problem: string }
  ERR_KUBERNETES_DENIED: { where: string; needs: string; says: string }
  ERR_KUBERNETES_UNREACHABLE: { where: string; operation: string; reason: string }
  ERR_KUBERNETES_TLS: { where: string; reason: string }
  ERR_KUBERNETES_THROTTLED: { where: string; operation: string }
  ERR_KUBERNETES_REFUSED: { where: string; operation: string; problem: string }
  ERR_KUBERNETES_CONFLICT: { where: string; operation: string }
  ERR_RUNTIME_MISSING: { runtime: string }
  ERR_RUNTIME_PAUSED: { runtime: string }
}

/** What {@link KubernetesErrorDetails} mean; a part of the catalogue. */
export const KUBERNETES_ERRORS: {
  readonly [C in keyof KubernetesErrorDetails]: CatalogueEntry
} = {
  ERR_KUBERNETES_LOGIN: {
    retry: 'never',
    what: 'The Kubernetes API server does not know who is asking.',
    hint:
      'Renew what has expired: log in to the cloud again, or check the kubeconfig, its plugin ' +
      'and the token of the service account. Nothing was changed by this call.',
  },
  ERR_KUBERNETES_DENIED: {
    retry: 'never',
    what: 'The Kubernetes API server refused the call.',
    hint:
      'Grant the verb and the resource that are named in a Role of that namespace ' +
      '(docs/kubernetes.md has one); an admission webhook may refuse, too.',
  },
  ERR_KUBERNETES_UNREACHABLE: {
    retry: 'safe',
    what: 'The Kubernetes API server could not be reached or could not answer.',
    hint: 'Check the network path, proxies and network policies; nothing was changed by this call.',
  },
  ERR_KUBERNETES_TLS: {
    retry: 'never',
    what: 'The TLS connection to the Kubernetes API server could not be verified.',
    hint:
      'Give the CA of the cluster in the kubeconfig (certificate-authority-data) and use the ' +
      'address that its certificate names.',
  },
  ERR_KUBERNETES_THROTTLED: {
    retry: 'safe',
    what: 'The Kubernetes API server asked us to slow down.',
    hint: 'Run again later; look for what else asks the API server so much.',
  },
  ERR_KUBERNETES_REFUSED: {
    retry: 'never',
    what: 'The Kubernetes API server does not take the change.',
    hint: 'Correct the fields that are named; an admission webhook may have changed the rules.',
  },
  ERR_KUBERNETES_CONFLICT: {
    retry: 'observe-first',
    what: 'Somebody else kept changing the object while cuedot was about to.',
    hint: 'Find out what else writes to it; running again starts from what is there now.',
  },
  ERR_RUNTIME_MISSING: {
    retry: 'never',
    what: 'What is to be rolled does not exist.',
    hint: 'Check namespace and name, and the cluster that the kubeconfig’s context leads to.',
  },
  ERR_RUNTIME_PAUSED: {
    retry: 'never',
    what: 'What is to be rolled is paused, so nothing would pick up the credential.',
    hint: 'Resume it (`kubectl rollout resume deployment NAME`) and run again.',
  },
}
