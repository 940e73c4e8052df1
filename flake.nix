{
  description = "Roll Kubernetes pods when, and only when, what they read changes";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      forEach = f: nixpkgs.lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
      manifest = (builtins.fromTOML (builtins.readFile ./Cargo.toml)).package;
    in
    {
      packages = forEach (pkgs: rec {
        default = rollstamp;
        rollstamp = pkgs.rustPlatform.buildRustPackage {
          pname = manifest.name;
          inherit (manifest) version;
          src = self;
          cargoLock.lockFile = ./Cargo.lock;
          nativeBuildInputs = [ pkgs.installShellFiles ];
          # The tests drive kustomize, Helm and others; they are the business of the gate.
          doCheck = false;
          postInstall = ''
            installShellCompletion --cmd rollstamp \
              --bash <($out/bin/rollstamp completions bash) \
              --fish <($out/bin/rollstamp completions fish) \
              --zsh <($out/bin/rollstamp completions zsh)
            $out/bin/rollstamp man >rollstamp.1
            installManPage rollstamp.1
          '';
          meta = {
            inherit (manifest) description;
            homepage = manifest.repository;
            license = pkgs.lib.licenses.asl20;
            mainProgram = "rollstamp";
          };
        };
      });
    };
}
