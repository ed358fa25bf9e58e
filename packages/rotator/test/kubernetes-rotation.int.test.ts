import { kubernetesRotationSuite } from '../../testkit/src/conformance/kubernetes-rotation.ts'
import { startFakeKubernetes } from '../../testkit/src/fakes/kubernetes.ts'

kubernetesRotationSuite('the fake Kubernetes', startFakeKubernetes)
