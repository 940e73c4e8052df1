#!/bin/bash
# A control plane on the loopback interface, without kubelet and scheduler: etcd, kube-apiserver, kube-controller-manager.
#   control-plane.sh start STATE   prints the path of the kubeconfig; the programs are those of .ci/control-plane
#   control-plane.sh stop STATE    ends only the three processes that it started
# Everything listens on 127.0.0.1 only, from $BASEPORT (16440) on.  No pod ever runs, so nothing becomes ready:
# ReplicaSets and ControllerRevisions tell what rolled.
set -euo pipefail
B=${CONTROL_PLANE:-$HOME/go/bin}
cmd=$1 S=$2 P=${BASEPORT:-16440}
if [ "$cmd" = stop ]; then   # one after the other: without etcd the apiserver drains for up to a minute
  for f in kcm apiserver etcd; do
    [ -f "$S/$f.pid" ] || continue
    p=$(cat "$S/$f.pid"); kill "$p" 2>/dev/null || true
    for _ in $(seq 900); do kill -0 "$p" 2>/dev/null || break; sleep .1; done
    kill -0 "$p" 2>/dev/null && { echo "$f ($p) still running" >&2; exit 1; }
    rm -f "$S/$f.pid"
  done
  exit 0
fi
mkdir -p "$S/pki" "$S/etcd"; chmod 700 "$S"; S=$(cd "$S" && pwd); cd "$S"
if [ ! -f pki/ca.crt ]; then   # a CA, a serving certificate for 127.0.0.1, a service-account key, one admin token
  openssl req -x509 -newkey rsa:2048 -nodes -keyout pki/ca.key -out pki/ca.crt -days 30 -subj /CN=testplane-ca 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -keyout pki/apiserver.key -out pki/apiserver.csr -subj /CN=kube-apiserver 2>/dev/null
  printf 'subjectAltName=IP:127.0.0.1,IP:10.0.0.1,DNS:localhost,DNS:kubernetes.default\nextendedKeyUsage=serverAuth\n' > pki/ext
  openssl x509 -req -in pki/apiserver.csr -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial -days 30 -extfile pki/ext -out pki/apiserver.crt 2>/dev/null
  openssl genrsa -out pki/sa.key 2048 2>/dev/null; openssl rsa -in pki/sa.key -pubout -out pki/sa.pub 2>/dev/null
  TOKEN=$(openssl rand -hex 16); (umask 077; echo "$TOKEN,admin,admin,\"system:masters\"" > pki/tokens.csv)
  (umask 077; cat > kubeconfig) <<K
apiVersion: v1
kind: Config
clusters: [{name: t, cluster: {server: "https://127.0.0.1:$((P+3))", certificate-authority: "$S/pki/ca.crt"}}]
users: [{name: admin, user: {token: "$TOKEN"}}]
contexts: [{name: t, context: {cluster: t, user: admin}}]
current-context: t
K
fi
up() { # name, command...
  "${@:2}" >"$1.log" 2>&1 </dev/null & echo $! >"$1.pid"
}
up etcd "$B/etcd" --data-dir "$S/etcd" --listen-client-urls "http://127.0.0.1:$P" --advertise-client-urls "http://127.0.0.1:$P" \
  --listen-peer-urls "http://127.0.0.1:$((P+1))" --initial-advertise-peer-urls "http://127.0.0.1:$((P+1))" \
  --initial-cluster "default=http://127.0.0.1:$((P+1))" --unsafe-no-fsync --quota-backend-bytes 8589934592
up apiserver "$B/kube-apiserver" --etcd-servers="http://127.0.0.1:$P" --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port=$((P+3)) \
  --tls-cert-file=pki/apiserver.crt --tls-private-key-file=pki/apiserver.key --client-ca-file=pki/ca.crt --token-auth-file=pki/tokens.csv \
  --service-account-key-file=pki/sa.pub --service-account-signing-key-file=pki/sa.key --service-account-issuer=https://kubernetes.default.svc \
  --authorization-mode=RBAC --service-cluster-ip-range=10.0.0.0/16 --anonymous-auth=false --allow-privileged=true --profiling=false
for _ in $(seq 300); do
  KUBECONFIG=kubeconfig kubectl get --raw /readyz >/dev/null 2>&1 && break
  kill -0 "$(cat apiserver.pid)" 2>/dev/null || { echo 'apiserver ended early' >&2; tail -5 apiserver.log >&2; exit 1; }
  sleep .2
done
up kcm "$B/kube-controller-manager" --kubeconfig=kubeconfig --bind-address=127.0.0.1 --secure-port=$((P+4)) --cert-dir="$S/kcm-certs" --leader-elect=false \
  --use-service-account-credentials=false --service-account-private-key-file=pki/sa.key --root-ca-file=pki/ca.crt --controllers='*' \
  --kube-api-qps=500 --kube-api-burst=1000 --concurrent-deployment-syncs=10 --concurrent-statefulset-syncs=10 --concurrent-replicaset-syncs=10 --concurrent-namespace-syncs=5
for _ in $(seq 300); do KUBECONFIG=kubeconfig kubectl -n default get sa default >/dev/null 2>&1 && break; sleep .1; done
echo "$S/kubeconfig"
