// What the page begins with: two states of the same manifests.

const pods = `apiVersion: v1
kind: ConfigMap
metadata:
  name: shop
data:
  LOG_LEVEL: info
  GREETING: hello
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: example.com/web:1
        env:
        - name: LOG_LEVEL
          valueFrom:
            configMapKeyRef: {name: shop, key: LOG_LEVEL}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: worker
spec:
  replicas: 2
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      containers:
      - name: worker
        image: example.com/worker:1
        envFrom:
        - configMapRef: {name: shop}
`;

const files = `apiVersion: v1
kind: Secret
metadata:
  name: database
stringData:
  password: example
  host: db.example.com
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: store
spec:
  replicas: 3
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      containers:
      - name: store
        image: example.com/store:1
        volumeMounts:
        - {name: database, mountPath: /etc/password, subPath: password}
      volumes:
      - name: database
        secret: {secretName: database}
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: backup
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
          - name: backup
            image: example.com/backup:1
            envFrom:
            - secretRef: {name: database}
`;

const reloader = `apiVersion: v1
kind: ConfigMap
metadata:
  name: app
data:
  LEVEL: info
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
  annotations:
    reloader.stakater.com/auto: "true"
spec:
  replicas: 1
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
      - name: app
        image: example.com/app:1
        envFrom:
        - configMapRef: {name: app}
        - secretRef: {name: tls}
`;

export const examples = [
  { title: "One key of a ConfigMap that two Deployments share", before: pods, after: pods.replace("hello", "good morning") },
  { title: "A label and a comment: nobody rolls", before: pods, after: pods.replace("  name: shop\n", "  name: shop   # of the shop\n  labels: {team: shop}\n") },
  { title: "A key that nobody has", before: pods, after: pods.replace("  LOG_LEVEL: info", "  LOGLEVEL: info") },
  { title: "One key of a Secret, mounted with subPath", before: files, after: files.replace("password: example", "password: another") },
  { title: "A key of a Secret that only a CronJob reads", before: files, after: files.replace("db.example", "db2.example") },
  { title: "Annotations of Reloader", before: reloader, after: reloader.replace("LEVEL: info", "LEVEL: debug") },
];
